"""A training program that counts steps with this library's checkpoints."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

import sm_container as sm

STEPS = 16
PAUSE_SECONDS = float(os.environ.get("PAUSE", "0.4"))
"""With eight kept, each lives long enough to settle and be uploaded."""


@dataclass
class Hyperparameters:
    pass


algorithm = sm.Algorithm(
    "stepping",
    hyperparameters=Hyperparameters,
    channels=[],
    checkpoints=sm.CheckpointPolicy(newest=8),
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    start = job.checkpoints.latest()
    if "FORGETFUL" in os.environ and start is not None:
        start = None
    for step in range(start.step + 1 if start else 1, STEPS + 1):
        time.sleep(PAUSE_SECONDS)
        job.checkpoints.save(step, {"state": str(step).encode()})
        if job.stop.requested:
            sys.exit(0)
    job.save_model(lambda folder: (folder / "steps").write_text(str(STEPS)))


if __name__ == "__main__":
    algorithm.main()
