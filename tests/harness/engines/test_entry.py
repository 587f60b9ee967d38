from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.engines.engine import ContainerSpec, EngineError, ImageTarget
from sm_container.harness.engines.entry import Entry, entry_of


@pytest.mark.parametrize(
    ("entrypoint", "arguments", "expected"),
    [
        (None, None, Entry(None, ("train",))),
        (None, ("a", "b"), Entry(None, ("a", "b"))),
        (("run.sh",), None, Entry("run.sh", ())),
        (("run.sh", "-x"), None, Entry("run.sh", ("-x",))),
        (("run.sh", "-x"), ("a",), Entry("run.sh", ("-x", "a"))),
    ],
)
def test_table_of_entry_points(
    entrypoint: tuple[str, ...] | None, arguments: tuple[str, ...] | None, expected: Entry
) -> None:
    spec = ContainerSpec(
        "c", ImageTarget("i"), Path("/t"), entrypoint=entrypoint, arguments=arguments
    )
    assert entry_of(spec) == expected


def test_empty_program_is_refused() -> None:
    spec = ContainerSpec("c", ImageTarget("i"), Path("/t"), entrypoint=("", "x"))
    with pytest.raises(EngineError, match="empty string"):
        entry_of(spec)
