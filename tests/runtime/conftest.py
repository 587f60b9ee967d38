"""The fixture that the runtime's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from tests.runtime.processes import Tree, end


@pytest.fixture
def tree(hostile_tmp_path: Path) -> Iterator[Tree]:
    """A configured tree; whatever was started on it is gone afterwards."""
    layout = Layout(hostile_tmp_path / "opt ml")
    layout.create()
    layout.code.mkdir()
    made = Tree(layout)
    made.configure()
    yield made
    for process in made.started:
        end(process)
