"""A `train` that does nothing: `sm-train` against sagemaker-training's own `train`.

Both run a Python script that does nothing, in script mode, on the same tree. The rival is
installed into a venv of its own under build/ when it is not there yet (once, about 300 MB).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side

RIVAL = "sagemaker-training==5.1.4"
RIVAL_VENV = Path(__file__).parent.parent / "build" / "rivals" / "sagemaker-training-5.1.4"
OURS = Path(sys.executable).with_name("sm-train")
TIMES = 4.0
REPEATS = 21


def rows() -> list[Row]:
    """One row: the whole time from the start of the entry point to its end."""
    rival = _rival()
    with tempfile.TemporaryDirectory() as folder:
        environment = _tree(Path(folder))

        def run(program: Path) -> None:
            subprocess.run([program], check=True, capture_output=True, env=environment)

        ours, theirs = side_by_side(lambda: run(OURS), lambda: run(rival), repeats=REPEATS)
    return [Row("train that does nothing", ours, RIVAL, theirs, at_least(TIMES))]


def _tree(folder: Path) -> dict[str, str]:
    """A tree with a script that does nothing; the environment that leads both to it."""
    documents = {
        "hyperparameters.json": {"sagemaker_program": "train.py"},
        "inputdataconfig.json": {},
        "resourceconfig.json": {
            "current_host": "localhost",  # the rival waits until it finds the host's address
            "hosts": ["localhost"],
            "network_interface_name": "eth0",
        },
    }
    config = folder / "input" / "config"
    config.mkdir(parents=True)
    for name, document in documents.items():
        (config / name).write_text(json.dumps(document))
    for name in ("code", "model", "output/data"):
        (folder / name).mkdir(parents=True)
    (folder / "code" / "train.py").write_text("pass\n")
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # neither is to compile itself every time
    return environment


def _rival() -> Path:
    """The rival's `train`; installed first where it is not."""
    program = RIVAL_VENV / "bin" / "train"
    if not program.exists():
        print(f"   installing {RIVAL} into {RIVAL_VENV}", file=sys.stderr)
        venv.create(RIVAL_VENV, with_pip=True, clear=True)
        install = [RIVAL_VENV / "bin" / "python", "-m", "pip", "install", "-qq", RIVAL]
        subprocess.run(install, check=True)
    return program
