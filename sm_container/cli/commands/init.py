"""``sm-container init``: a project that trains, is tested and becomes an image at once."""

from __future__ import annotations

from pathlib import Path

import click

FRAMEWORKS = ("custom", "sklearn", "torch", "xgboost")


@click.command("init", short_help="Begin a project: program, image, tests, request, CI.")
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--framework",
    type=click.Choice(FRAMEWORKS),
    default="custom",
    show_default=True,
    help="What it trains with; custom is numpy alone.",
)
@click.option(
    "--script-mode",
    is_flag=True,
    help="A plain script, with arguments and SM_* variables, which does not import this library.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(name: Path, framework: str, script_mode: bool, as_json: bool) -> None:
    """Make the folder NAME with an algorithm of that name: a program that trains, its Dockerfile, a
    job request, tests, sample data and a file for CI. Its README.md has the commands.

    NAME may be a path, of a folder that is not there yet or is empty.
    """
    import sys

    from sm_container.cli.project.beginning import begin
    from sm_container.cli.project.starter import Starter
    from sm_container.cli.stream import Stream

    begin(name, Starter(framework, is_script=script_mode), Stream(sys.stdout), as_json=as_json)
