"""Fixtures that every room's tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

pytest_plugins = ("engine_fixtures",)

HOSTILE_NAME = "a folder; with 'quotes' \"twice\" & $HOME – ünï ✓ #1"


def pytest_configure(config: pytest.Config) -> None:
    """A shell's background job and nohup have these ignored, and so would every program that a test
    starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def hostile_tmp_path(tmp_path: Path) -> Path:
    """A temporary folder whose name breaks every command line that is glued from strings."""
    folder = tmp_path / HOSTILE_NAME
    folder.mkdir()
    return folder
