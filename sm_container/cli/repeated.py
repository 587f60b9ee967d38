"""The options of ``run`` for commands that run a job again and again, and change it as they go."""

from __future__ import annotations

from typing import Any

from sm_container.cli.commands import run
from sm_container.cli.request import REQUEST_OPTIONS

SETTLED: dict[str, Any] = {
    "interrupt_after": (),
    "kill_after": (),
    "interrupt_every": None,
    "spot_wait": 0.0,
    "spot_discount": 70.0,
    "detach": False,
    "shell": False,
    "dry_run": False,
    "as_json": False,
}
"""What such a command settles itself, or what has no place in it, and the value it has instead."""

OF_RUN = [
    param
    for param in run.command.params
    if param.name not in SETTLED and param not in REQUEST_OPTIONS
]
