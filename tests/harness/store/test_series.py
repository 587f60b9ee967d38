"""Points that are appended while others read them."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

from sm_container.harness.store.series import SeriesWriter, read_series


def test_what_was_written_is_read_and_what_follows_later(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "metrics" / "algo-1.jsonl"
    with closing(SeriesWriter(path)) as writer:
        writer.write([{"Timestamp": 1.5, "Value": 2.0}, {"Timestamp": 2.5, "Value": math.inf}])
        points, offset = read_series(path)
        assert points == [{"Timestamp": 1.5, "Value": 2.0}, {"Timestamp": 2.5, "Value": math.inf}]
        writer.write([{"Timestamp": 3.0}])
    assert read_series(path, offset)[0] == [{"Timestamp": 3.0}]


def test_no_file_is_no_points_and_none_is_made_for_none(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    with closing(SeriesWriter(path)) as writer:
        writer.write([])
    assert not path.exists()
    assert read_series(path) == ([], 0)


def test_a_line_that_its_writer_has_not_ended_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    path.write_bytes(b'{"Timestamp":1}\n{"Time')
    points, offset = read_series(path)
    assert points == [{"Timestamp": 1}]
    with path.open("ab") as file:
        file.write(b'stamp":2}\n')
    assert read_series(path, offset)[0] == [{"Timestamp": 2}]


def test_a_writer_after_one_that_died_within_a_line_begins_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    path.write_bytes(b'{"Timestamp":1}\n{"Time')
    with closing(SeriesWriter(path)) as writer:
        writer.write([{"Timestamp": 2}])
    assert read_series(path)[0] == [{"Timestamp": 1}, {"Timestamp": 2}]
