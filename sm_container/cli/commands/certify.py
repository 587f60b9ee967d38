"""``sm-container certify``: whether an image or a program keeps the training contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sm_container.cli.commands import run
from sm_container.cli.repeated import OF_RUN, SETTLED

PROFILES = ("basic", "marketplace")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "certify",
    cls=run.RunCommand,
    params=[*OF_RUN],
    short_help="Hold an image or a program against the contract.",
    epilog="Exit code: 0 all checks pass or do not apply, 1 otherwise, 2 bad input, 125 the "
    "harness, 130 Ctrl-C.",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="basic",
    show_default=True,
    help="How much is asked: what a job of your own needs, or what others' jobs need as well.",
)
@click.option(
    "--only", multiple=True, metavar="CHECK", help="Make this check, whatever the profile."
)
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave this check out.")
@click.option("--list", "lists", is_flag=True, help="List the checks, and make none.")
@click.option(
    "--junit", type=_FILE, metavar="FILE", help="Write JUnit's XML, which every CI shows."
)
@click.option("--html", type=_FILE, metavar="FILE", help="Write a page.")
@click.option("--keep", is_flag=True, help="Keep the jobs that were run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end.")
@click.pass_context
def command(ctx: click.Context, /, target: str | None, **given: Any) -> None:
    """Run TARGET as a training job again and again, with one thing changed at a time, and say of
    each rule of the contract whether it is kept, what was seen, why it matters, and how to mend it.

    TARGET, ARGUMENTS and the other options are those of run: they describe a job that completes in
    some seconds, and within 30 minutes where --max-runtime says nothing else. Artifacts and
    checkpoints go to a folder that is deleted in the end. With --algorithm FILE, what it declares
    is tried too. The image or program need not use this library.
    """
    from sm_container.cli.certifying import certify, list_checks

    if given.pop("lists"):
        ctx.exit(list_checks(given, as_json=given["as_json"]))
    arguments = ctx.meta.get("arguments", ())
    as_json = given.pop("as_json")
    ctx.exit(certify(target, arguments, {**given, **SETTLED}, as_json=as_json))
