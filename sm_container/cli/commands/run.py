"""``sm-container run``: one training job, from a request to its artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sm_container.cli.parameters import (
    complete_path,
    credentials,
    duration,
    region,
    reserve,
    size,
    span,
)
from sm_container.cli.request import RequestCommand


class RunCommand(RequestCommand):
    """Everything behind ``--`` is ARGUMENTS, also where TARGET is left to the request."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            args, ctx.meta["arguments"] = args[:cut], tuple(args[cut + 1 :])
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[OPTIONS]", "TARGET", "[-- ARGUMENTS...]"]


@click.command(
    "run",
    cls=RunCommand,
    short_help="Run a training job.",
    epilog="Exit code: 0 completed, the program's own where it failed, 2 bad input, 124 a time "
    "limit, 125 the harness or an upload, 130 stopped. Ctrl-C stops the job as the service would, "
    "a second one kills it.",
)
@click.argument("target", required=False, shell_complete=complete_path)
@click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "podman", "process"]),
    default="auto",
    show_default=True,
    help="What runs TARGET. auto: process for a program; docker, else podman, for an image.",
)
@click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Build the image from DIR/Dockerfile first; TARGET names it.",
)
@click.option("--build-arg", multiple=True, metavar="KEY=VALUE", help="An ARG of the Dockerfile.")
@click.option("--platform", metavar="OS/ARCH", help="The platform of the image: linux/arm64.")
@click.option(
    "--s3-root",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder that stands for S3: s3://bucket/key is DIR/bucket/key.",
)
@click.option(
    "--s3-latency",
    type=click.FloatRange(0),
    metavar="MS",
    help="Channels as from a bucket whose first bytes take MS milliseconds.",
)
@click.option(
    "--s3-bandwidth",
    type=click.FloatRange(0, min_open=True),
    metavar="MB/S",
    help="Channels as from a bucket that sends MB/S megabytes a second on each connection.",
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="N objects of each channel.")
@click.option(
    "--credentials",
    type=credentials,
    default="none",
    show_default=True,
    metavar="none|env|profile=NAME",
    help="AWS credentials that the container can ask for.",
)
@click.option(
    "--region",
    type=region,
    default="us-east-1",
    show_default=True,
    metavar="REGION",
    help="The region of the job.",
)
@click.option(
    "--user",
    metavar="USER[:GROUP]",
    help="Whom an image runs as: 1000, 1000:100 or a name that it knows. [default: its own USER, "
    "else root, as the service runs it]",
)
@click.option(
    "--memory",
    type=size,
    metavar="SIZE",
    help="Memory of the container: 4g. [default: the instance type's less --memory-reserve, if "
    "this machine has it]",
)
@click.option(
    "--memory-reserve",
    type=reserve,
    metavar="SIZE|PERCENT",
    help="Of the instance type's memory, what the platform's own processes take: 1g, 5%. "
    "[default: the larger of 512m and 5%]",
)
@click.option(
    "--shm-size",
    type=size,
    metavar="SIZE",
    help="Size of /dev/shm in the container. [default: the engine's, 64 MB]",
)
@click.option(
    "--grace",
    type=duration,
    default="120",
    show_default=True,
    metavar="SECONDS",
    help="Time between SIGTERM and SIGKILL.",
)
@click.option(
    "--interrupt-after",
    multiple=True,
    type=span,
    metavar="SECONDS",
    help="With --spot: interrupt an attempt SECONDS after its training began: SIGTERM, the grace, "
    "SIGKILL, and a fresh container. Given again, the next attempt.",
)
@click.option(
    "--kill-after",
    multiple=True,
    type=span,
    metavar="SECONDS",
    help="The same without any warning, in the attempts after those of --interrupt-after.",
)
@click.option(
    "--interrupt-every",
    type=span,
    metavar="SECONDS",
    help="Interrupt every attempt that is not spoken for otherwise.",
)
@click.option(
    "--spot-wait",
    type=span,
    default="0",
    show_default=True,
    metavar="SECONDS",
    help="How long there are no spot instances after an interruption.",
)
@click.option(
    "--spot-discount",
    type=click.FloatRange(0, 100, max_open=True),
    default=70,
    show_default=True,
    metavar="PERCENT",
    help="What is assumed that spot instances cost less, for BillableTimeInSeconds.",
)
@click.option("--detach", is_flag=True, help="Start the job, print its name and return.")
@click.option("--shell", is_flag=True, help="Stage everything, then a shell in place of TARGET.")
@click.option("--dry-run", is_flag=True, help="Print the /opt/ml tree and the engine's command.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end.")
@click.pass_context
def command(ctx: click.Context, /, target: str | None, **given: Any) -> None:
    """Run TARGET as a training job of the service: stage its channels, start it, watch it, save
    its artifacts.

    TARGET is a container image, or the path of a program or of a folder with one, which runs on
    this machine without a container. ARGUMENTS replace the argument `train`.
    """
    from sm_container.cli.running import run

    _exclude(given)
    ctx.exit(run(target, ctx.meta.get("arguments", ()), given))


def _exclude(given: dict[str, Any]) -> None:
    ways = [each for each in ("detach", "shell", "dry_run") if given[each]]
    if len(ways) > 1:
        names = " and ".join(f"--{each.replace('_', '-')}" for each in ways)
        raise click.UsageError(f"{names} exclude one another")
    for other in ("as_json", "interrupt_after", "kill_after", "interrupt_every"):
        if given["shell"] and given[other]:
            name = other.removeprefix("as_").replace("_", "-")
            raise click.UsageError(f"--shell and --{name} exclude one another")
    if given["interrupt_every"] == 0:
        raise click.UsageError("--interrupt-every 0 leaves no time to train")
    if given["build_arg"] and given["build"] is None:
        raise click.UsageError("--build-arg needs --build DIR")
