"""Whole jobs on 10 GB in one object, and on 100,000 objects: bounded memory, few open files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.memory import BOUND, MODES, PLACES, Data, run_job, write_large, write_small

FILES = 64
"""More open files than any process has, whatever the number of objects."""


@pytest.fixture(scope="module", params=["large", "small"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Data]]:
    """The objects, in a folder that does not outlive the tests."""
    folder = tmp_path_factory.mktemp("large")
    bucket = folder / "bucket"
    yield (
        folder,
        write_large(bucket, "10 GB", 10**10) if request.param == "large" else write_small(bucket),
    )
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", MODES)
def test_memory_and_files_are_bounded(written: tuple[Path, Data], mode: str, place: str) -> None:
    """Every record is read, or `run_job` raises."""
    folder, data = written
    figures = run_job(folder, data, mode, place)
    has_feeder = mode == "Pipe" or (mode == "FastFile" and place != "a folder")
    expected = {"algorithm", "harness", *(["feeder"] if has_feeder else [])}
    assert set(figures.peaks) == expected
    for process, peak in figures.peaks.items():
        assert 1 << 20 < peak.resident < BOUND, process
        assert peak.files < FILES, process
