"""GPUs and Neuron cores, counted as sagemaker-training counts them: by the vendors' own tools."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sm_container.runtime.executable import find_executable

_SECONDS = 60.0
_TRN2_CORES = 64  # that toolkit's own figure, for a type whose tool it does not ask


def gpus(environ: Mapping[str, str]) -> int:
    """The GPUs that ``nvidia-smi --list-gpus`` lists, 0 without it."""
    listed = _output("nvidia-smi", "--list-gpus", environ)
    return sum(line.startswith("GPU ") for line in listed.splitlines())


def neuron_cores(instance_type: str, environ: Mapping[str, str]) -> int:
    """The cores that ``neuron-ls -j`` lists, 0 without it."""
    if "trn2.48xlarge" in instance_type:
        return _TRN2_CORES
    try:
        devices = json.loads(_output("neuron-ls", "-j", environ) or "[]")
    except ValueError:
        return 0
    return sum(int(device.get("nc_count", 0)) for device in devices)


def _output(program: str, argument: str, environ: Mapping[str, str]) -> str:
    path = find_executable(program, environ)
    if path is None:
        return ""
    import subprocess  # late: most hosts have neither tool

    try:
        done = subprocess.run(
            [path, argument], stdout=subprocess.PIPE, timeout=_SECONDS, env=dict(environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # a tool that does not run, or hangs on a broken driver, counts nothing
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
