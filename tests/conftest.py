"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ("engine_fixtures",)

HOSTILE_NAME = "a folder; with 'quotes' \"twice\" & $HOME – ünï ✓ #1"


@pytest.fixture
def hostile_tmp_path(tmp_path: Path) -> Path:
    """A temporary folder whose name breaks every command line that is glued from strings."""
    folder = tmp_path / HOSTILE_NAME
    folder.mkdir()
    return folder
