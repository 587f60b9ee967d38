"""The flights become the same honest channels every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.examples.conftest import EXAMPLE, SHARE


def rows(folder: Path) -> list[list[int]]:
    lines = [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]
    return [[int(value) for value in line.split(",")] for line in lines]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_counts_add_up(flights: Path) -> None:
    summary = json.loads((flights / "flights.json").read_text())
    arrived = summary["source_rows"] - summary["dropped_without_label"]

    assert summary["source_rows"] == 336_776
    assert summary["dropped_without_label"] == 9_430
    kept = summary["train_rows"] + summary["validation_rows"]
    assert kept == -(-arrived // SHARE)
    assert len(rows(flights / "train")) == summary["train_rows"]
    assert len(rows(flights / "validation")) == summary["validation_rows"]


def test_each_channel_has_a_part_for_each_month(flights: Path) -> None:
    expected = [f"flights-2013-{month:02}.csv" for month in range(1, 13)]

    assert sorted(file.name for file in (flights / "train").iterdir()) == expected
    assert sorted(file.name for file in (flights / "validation").iterdir()) == expected


def test_every_row_has_the_label_and_all_features_as_numbers(
    flights: Path, prepare_data: ModuleType
) -> None:
    every_row = rows(flights / "train") + rows(flights / "validation")

    assert {len(row) for row in every_row} == {len(prepare_data.COLUMNS)}
    weekday = prepare_data.COLUMNS.index("weekday")
    assert {row[weekday] for row in every_row} == set(range(1, 8))


def test_whole_days_are_held_out(prepare_data: ModuleType) -> None:
    from datetime import date, timedelta

    days = [date(2013, 1, 1) + timedelta(days=n) for n in range(365)]
    held_out = [day for day in days if prepare_data.Flight(day, ()).held_out]

    assert len(held_out) == 73
    assert {day.isoweekday() for day in held_out} == set(range(1, 8))
    assert {day.month for day in held_out} == set(range(1, 13))


def test_the_departure_delay_alone_is_a_strong_baseline(flights: Path) -> None:
    summary = json.loads((flights / "flights.json").read_text())

    assert summary["rmse_of_the_departure_delay"] < summary["rmse_of_the_mean"] / 2


def test_two_preparations_agree_to_the_byte(
    flights: Path, prepare_data: ModuleType, hostile_tmp_path: Path
) -> None:
    again, written = prepare_data.prepare(hostile_tmp_path / "again", every=SHARE)

    assert written
    assert digest(hostile_tmp_path / "again") == digest(flights)
    assert again.source_rows == 336_776


def test_what_is_there_is_left_alone(flights: Path, prepare_data: ModuleType) -> None:
    before = {file: file.stat().st_mtime_ns for file in flights.rglob("*")}

    _, written = prepare_data.prepare(flights, every=SHARE)

    assert not written
    assert {file: file.stat().st_mtime_ns for file in flights.rglob("*")} == before


@pytest.mark.parametrize("content", ["mine", '{"every": 1}', "[]"])
def test_a_folder_with_something_else_is_refused(
    content: str, prepare_data: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "flights.json").write_text(content)

    with pytest.raises(FileExistsError, match="holds something else"):
        prepare_data.prepare(tmp_path)

    assert (tmp_path / "flights.json").read_text() == content


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    done = subprocess.run(
        [sys.executable, EXAMPLE / "prepare_data.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"prepare_data.py: {tmp_path} holds something else: delete it or name a new folder"
    ]
