"""Rivals that cannot live in our venv: each gets one of its own under build/, made once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
VENVS = ROOT / "build" / "rivals"

SDK = "sagemaker==2.257.7"


def sdk_python() -> Path:
    """The Python of a venv with the SageMaker Python SDK v2, numpy and scipy (about 250 MB)."""
    return python_with(SDK, "scipy")


def python_with(*requirements: str) -> Path:
    """The Python of a venv with these installed; made first where it is not there yet."""
    folder = VENVS / "-".join(requirements).replace("==", "-")
    if not folder.exists():
        print(f"   installing {', '.join(requirements)} into {folder}", file=sys.stderr)
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        venv.create(making, with_pip=True)
        install = [making / "bin" / "python", "-m", "pip", "install", "-qq", *requirements]
        subprocess.run(install, check=True)
        try:
            making.rename(folder)  # only what is whole has the name that is looked for
        except OSError:
            shutil.rmtree(making)  # another run was quicker
    return folder / "bin" / "python"


def measured_by(python: Path, module: str) -> Any:
    """What ``python -m module`` prints last, a line of JSON; it sees this project as well.

    So both sides are measured within one process, on one Python and one numpy.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    done = subprocess.run(
        [python, "-m", module], check=True, stdout=subprocess.PIPE, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])  # the SDK logs to stdout, too
