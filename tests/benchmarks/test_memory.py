"""The page of peak memory: a line for each job, and every process that took more than it may."""

from __future__ import annotations

import pytest

from benchmarks.memory import BOUND, Data, Figures, Peak, excess, main, page

DATA = Data("10 GB", "10 GB", 3)


def test_the_page_has_a_line_for_each_job_and_its_bound() -> None:
    peaks = {"algorithm": Peak(90 << 20, 60 << 20, 9), "harness": Peak(50 << 20, 30 << 20, 20)}
    text = page([Figures(DATA, "File", "a folder", 1.25, peaks)])

    assert "| data | mode | from | seconds | algorithm | feeder | harness | bound |" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| 10 GB ")]
    assert line.split(" | ")[1:4] == ["File", "a folder", "1.2"]
    assert line.split(" | ")[4:] == [
        "90 / 60, 9 files",
        "none",
        "50 / 30, 20 files",
        f"{BOUND >> 20} |",
    ]
    assert f"No process took more than {BOUND >> 20} MiB." in text
    assert "## The machine" in text


def test_what_is_above_the_bound_is_named() -> None:
    figures = [
        Figures(DATA, "Pipe", "an S3 server", 9.0, {"feeder": Peak(BOUND + (1 << 20), 0, 0)}),
        Figures(DATA, "Pipe", "a folder", 9.0, {"feeder": Peak(BOUND, 0, 0)}),
    ]

    (said,) = excess(figures)
    assert said == f"10 GB, Pipe from an S3 server: the feeder took {(BOUND >> 20) + 1} MiB"
    assert f"- **{said}**" in page(figures)


def test_an_unknown_data_set_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["huge"]) == 2
    assert "no data set huge; there are: large, small, little" in capsys.readouterr().err
