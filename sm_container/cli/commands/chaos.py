"""``sm-container chaos``: whether a job survives what befalls its instances."""

from __future__ import annotations

from typing import Any

import click

from sm_container.cli.commands import run
from sm_container.cli.repeated import OF_RUN, SETTLED

FAULTS = ("sigterm", "kill", "full-disk", "torn-upload")


def _faults(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in FAULTS:
            raise click.BadParameter(f"{name!r} is no fault: give some of {', '.join(FAULTS)}.")
    return names


@click.command(
    "chaos",
    cls=run.RunCommand,
    params=[*OF_RUN],
    short_help="Test that a job survives interruptions.",
    epilog="Exit code: 0 all trials resumed and their models agree, 1 otherwise, 2 bad input, 125 "
    "the harness, 130 Ctrl-C.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 999),
    default=4,
    show_default=True,
    metavar="N",
    help="How many trials, the faults in turn.",
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="S", help="The same plan again. [default: drawn]"
)
@click.option(
    "--faults",
    callback=_faults,
    metavar="FAULT[,...]",
    help=f"{', '.join(FAULTS)}. [default: all that this machine can do]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    metavar="X",
    help="A model with other bytes agrees where its final metrics differ by the part X at most.",
)
@click.option(
    "--agree-on",
    multiple=True,
    metavar="NAME",
    help="With --tolerance: only this metric counts. [default: all]",
)
@click.option("--keep", is_flag=True, help="Keep the trials' jobs, checkpoints and models.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end.")
@click.pass_context
def command(ctx: click.Context, /, target: str | None, as_json: bool, **given: Any) -> None:
    """Run TARGET as a training job once undisturbed and N times with a fault at a random moment,
    and say of each whether it resumed, what was lost, and whether its model is the same.

    The faults are SIGTERM with the grace, SIGKILL without a warning, a full disk under the
    checkpoints (root alone can make one), and SIGKILL with a torn checkpoint upload. TARGET,
    ARGUMENTS and the other options are those of run; --checkpoint names the place below which each
    trial has a folder of its own.

    Ctrl-C stops the job that runs as the service would, deletes what the trials have made and ends;
    a second one kills the job at once. One more, while it is deleted, leaves the rest to the next
    chaos. With --keep nothing is deleted.
    """
    from sm_container.cli.chaos import chaos

    if given["agree_on"] and given["tolerance"] is None:
        raise click.UsageError("--agree-on needs --tolerance")
    arguments = ctx.meta.get("arguments", ())
    ctx.exit(chaos(target, arguments, {**given, **SETTLED}, as_json=as_json))
