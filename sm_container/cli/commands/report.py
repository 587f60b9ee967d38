"""``sm-container report``: a job as a page for the browser."""

from __future__ import annotations

from pathlib import Path

import click

from sm_container.cli.parameters import complete_jobs

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report", short_help="Write a job's report, a page for the browser.")
@click.argument("job", shell_complete=complete_jobs)
@click.option(
    "--output", type=_FILE, metavar="FILE", help="Where. [default: report.html in the job's folder]"
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser, too.")
@click.option(
    "--price",
    type=click.FloatRange(0, 1e6),
    metavar="USD",
    help="What an instance costs an hour, for an estimate of the cost.",
)
@click.option(
    "--prices",
    type=_FILE,
    metavar="FILE",
    help='The same by instance type: JSON, {"ml.m5.large": 0.115}.',
)
def command(
    job: str, output: Path | None, opens: bool, price: float | None, prices: Path | None
) -> None:
    """Write the report of JOB as one HTML file, and print its path: statuses and attempts over
    time, metrics, utilization, data, artifacts, the end of the log.

    The file needs nothing else, and no network. Of a job that runs it shows what is known by now.
    """
    from sm_container.cli.home import open_store
    from sm_container.cli.reporting import write_report

    write_report(open_store().find(job), output, price=price, prices=prices, opens=opens)
