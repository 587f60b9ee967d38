"""A training program that counts steps, with a checkpoint after each, and resumes.

By its variables it has a defect: FORGETFUL never looks at a checkpoint, UNSTEADY has a model that
tells how often it was started, SILENT says nothing of its failure, BARE saves no checkpoints.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

STEPS = int(os.environ.get("STEPS", "50"))
PAUSE_SECONDS = 0.1
ML = Path("/opt/ml")
CHECKPOINTS = ML / "checkpoints"

State = dict[str, int]


def load() -> State:
    if "FORGETFUL" not in os.environ:
        for folder in sorted(CHECKPOINTS.glob("step-*"), reverse=True):
            try:
                state: State = json.loads((folder / "state.json").read_text())
                if (folder / "done").read_text() == "done":
                    return state
            except (FileNotFoundError, ValueError):
                continue  # torn: an older one will do
    return {"step": 0, "starts": 0}


def save(state: State) -> None:
    if "BARE" in os.environ:
        return
    folder = CHECKPOINTS / f"step-{state['step']:06}"
    folder.mkdir(exist_ok=True)
    write(folder / "state.json", json.dumps(state))
    write(folder / "done", "done")


def write(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.sagemaker-ignore")
    with unfinished.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    state = load()
    state["starts"] += 1
    while state["step"] < STEPS:
        time.sleep(PAUSE_SECONDS)
        state["step"] += 1
        save(state)
    told = state if "UNSTEADY" in os.environ else {"step": state["step"]}
    (ML / "model" / "model.json").write_text(json.dumps(told))
    print(f"final:error={1 / state['step'] + state['starts'] / 1000:.6f}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except OSError as fault:
        if "SILENT" not in os.environ:
            (ML / "output" / "failure").write_text(f"{fault.strerror}: free some space")
        sys.exit(1)
