"""The fixture that the runtime's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.processes import Tree, configured_tree


@pytest.fixture
def tree(hostile_tmp_path: Path) -> Iterator[Tree]:
    with configured_tree(hostile_tmp_path) as tree:
        yield tree
