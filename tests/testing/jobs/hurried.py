"""A program that saves far faster than the harness takes a file for settled."""

from __future__ import annotations

from pathlib import Path

import sm_container as sm
from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX

STEPS = 400
PAUSE_SECONDS = 0.05

algorithm = sm.Algorithm("hurried", checkpoints=sm.CheckpointPolicy(newest=2))


@algorithm.train
def train(job: sm.Job[dict[str, str]]) -> None:
    start = job.checkpoints.latest()
    if start is not None:
        print("went on", flush=True)
        return
    for step in range(STEPS):
        job.checkpoints.save(step, {"state": b"state"})
        job.stop.wait(PAUSE_SECONDS)
        if any(is_uploaded(each.path) for each in job.checkpoints.all()):
            print("one is in S3", flush=True)


def is_uploaded(checkpoint: Path) -> bool:
    return all(
        (checkpoint / f"{name}{UPLOADED_SUFFIX}").exists() for name in ("state", MANIFEST_NAME)
    )


if __name__ == "__main__":
    algorithm.main()
