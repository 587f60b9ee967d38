"""``sm-container metrics``: metrics of logs that are there already."""

from __future__ import annotations

from pathlib import Path

import click

from sm_container.cli.parameters import complete_jobs

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("metrics", short_help="Find metrics in logs.")
def command() -> None:
    """Find metrics in logs, as a job finds them in its own."""


@command.command("parse", short_help="Find metrics in a log.")
@click.argument(
    "log", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--metric", multiple=True, metavar="NAME=REGEX", help="A metric to find.")
@click.option(
    "--algorithm",
    type=_FILE,
    metavar="FILE",
    help="A CreateAlgorithm document, or the .py that declares the algorithm: its metrics.",
)
@click.option(
    "--request", type=_FILE, metavar="FILE", help="A CreateTrainingJob request: its metrics."
)
@click.option(
    "--job",
    metavar="JOB",
    shell_complete=complete_jobs,
    help="A job: its metrics, and without LOG its logs.",
)
@click.option("--json", "form", flag_value="json", help="A JSON list, every number in full.")
@click.option("--csv", "form", flag_value="csv", help="The table as csv, every number in full.")
def parse(log: str | None, form: str | None, **given: object) -> None:
    """Say how many values of each metric are in LOG (- for the input), the last, the least, the
    largest, and when they came.

    Times are those of the job's log, or the RFC 3339 times that lines begin with, as in exports of
    CloudWatch.

    \b
    sm-container metrics parse train.log --metric 'loss=loss: ([0-9.]+)'
    sm-container metrics parse train.log --request request.yaml --json
    sm-container metrics parse --job flights-1
    """
    from sm_container.cli.metrics.parse import print_metrics

    print_metrics(log, given, form=form or "table")
