"""Times of a log, looked up without reading them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.harness.logs import times as module
from sm_container.harness.logs.capture import TIMES_ENTRY, times_of
from sm_container.harness.logs.times import Times


def written(log: Path, entries: list[tuple[int, int]]) -> Path:
    times_of(log).write_bytes(b"".join(TIMES_ENTRY.pack(*entry) for entry in entries))
    return log


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=60),
    asked=st.lists(st.integers(0, 500), min_size=1, max_size=30),
)
def test_it_finds_what_a_look_at_every_entry_finds(
    tmp_path: Path, steps: list[tuple[int, int]], asked: list[int]
) -> None:
    entries, offset, moment = [], 0, 100
    for size, pause in steps:
        moment += pause
        entries.append((offset, moment))
        offset += size
    with pytest.MonkeyPatch.context() as patch, Times(written(tmp_path / "log", entries)) as times:
        patch.setattr(module, "_WINDOW", 7)
        for each in asked:
            before = [moment for start, moment in entries if start <= each]
            assert times.at(each) == (before[-1] if before else 0)
            later = [start for start, moment in entries if moment >= each]
            assert times.offset_from(each) == (later[0] if later else None)
        assert times.first == (entries[0][1] if entries else None)
        assert times.last == (entries[-1][1] if entries else None)


def test_an_entry_that_is_being_written_is_not_looked_at(tmp_path: Path) -> None:
    log = written(tmp_path / "log", [(0, 5)])
    with open(times_of(log), "ab") as file:
        file.write(TIMES_ENTRY.pack(10, 7)[:9])
    with Times(log) as times:
        assert times.last == 5
        assert times.at(50) == 5
