from __future__ import annotations

from pathlib import Path

from sm_container.harness.engines.leftovers import ProcessIdentity
from sm_container.harness.engines.records import ProgramRecord, Records


def test_records_are_found_by_job(tmp_path: Path) -> None:
    records = Records(tmp_path / "process")
    assert list(records.of_job("a")) == []
    first = ProgramRecord("a", "a-1", (ProcessIdentity(7, 8, "boot"),))
    records.write(ProgramRecord("a", "a-1"))
    records.write(first)
    records.write(ProgramRecord("b", "b-1"))
    assert list(records.of_job("a")) == [first]
    records.remove("a-1")
    records.remove("a-1")
    assert list(records.of_job("a")) == []
    assert [record.container for record in records.of_job("b")] == ["b-1"]
