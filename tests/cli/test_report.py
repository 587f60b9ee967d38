"""``report``: the page of a job, where it is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.cli.records import job, stored


def test_into_the_jobs_folder(desk: Any, invoke: Any) -> None:
    folder = stored(desk.home, job("first", "Completed"), {"algo-1": b"said\n"})

    done = invoke("report", "first")

    assert done.exit_code == 0
    assert done.stdout == f"{folder.path}/report.html\n"
    assert "said" in folder.report.read_text()


def test_elsewhere_with_a_price(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "InProgress"))

    done = invoke("report", "first", "--output", "a page.html", "--price", "0.5")

    assert done.stdout == f"{desk.folder}/a page.html\n"
    assert "at 0.5 USD an hour" in Path(desk.folder, "a page.html").read_text()
    assert invoke("report", "first", "--output", "none/page.html").exit_code == 125


def test_prices_of_a_file(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "Completed"))
    prices = desk.folder / "prices.json"

    prices.write_text('{"ml.m5.large": 0.25}')
    done = invoke("report", "first", "--prices", "prices.json", "--output", "page.html")
    assert done.exit_code == 0
    assert "at 0.25 USD an hour" in Path(desk.folder, "page.html").read_text()

    prices.write_text("{}")
    done = invoke("report", "first", "--prices", "prices.json")
    assert done.exit_code == 2
    assert "prices.json: no price for ml.m5.large" in done.stderr

    done = invoke("report", "first", "--prices", "prices.json", "--price", "1")
    assert done.exit_code == 2
    assert "--price and --prices" in done.stderr


def test_a_job_that_is_not_there(invoke: Any) -> None:
    done = invoke("report", "nothing")
    assert done.exit_code == 2
    assert "there is no job" in done.stderr


def test_shown_in_the_browser(desk: Any) -> None:
    folder = stored(desk.home, job("first", "Completed"))
    desk.program("browser", 'printf %s "$1" > opened')
    path = f"{desk.folder}:{os.environ['PATH']}"

    done = desk.run("report", "first", "--open", variables={"BROWSER": "browser %s", "PATH": path})

    assert done.returncode == 0, done.stderr
    assert (desk.folder / "opened").read_text() == folder.report.as_uri()


def test_no_browser_here(desk: Any) -> None:
    folder = stored(desk.home, job("first", "Completed"))
    nothing = {"BROWSER": "", "PATH": str(desk.folder)}

    done = desk.run("report", "first", "--open", variables=nothing)

    assert done.returncode == 125
    assert f"open {folder.report} yourself" in done.stderr


def test_without_the_template_engine(desk: Any) -> None:
    stored(desk.home, job("first", "Completed"))
    (desk.folder / "jinja2.py").write_text("raise ModuleNotFoundError('as where it is missing')")

    done = desk.run("report", "first", variables={"PYTHONPATH": str(desk.folder)})

    assert done.returncode == 125
    assert done.stderr == "Error: a report needs Jinja (pip install 'sm-container[local]')\n"


def test_of_a_job_that_was_run(desk: Any) -> None:
    program = desk.program("train", "echo 'loss=0.5'; echo 'loss=nan'; echo 'loss=0.25'")
    ran = desk.run(
        *("run", program, "--engine", "process", "--name", "real"),
        *("--metric", "loss=loss=(.*)"),
    )
    assert ran.returncode == 0, ran.stderr

    done = desk.run("report", "real")

    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.removesuffix("\n")).read_text()
    assert page.count('<svg class="chart"') == 1
    assert "1 value is left out" in page
    assert "loss=0.25" in page
