"""``sm-container api``: the SageMaker API on this machine, and its console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sm_container.cli.commands import run
from sm_container.cli.parameters import region

_FOLDER = click.Path(file_okay=False, path_type=Path)


_OF_RUN = ("credentials", "memory", "memory_reserve", "shm_size", "grace")
"""What holds for each job, as with ``run``."""


@click.command(
    "api",
    params=[each for each in run.command.params if each.name in _OF_RUN],
    short_help="Serve the SageMaker API and its console.",
    epilog="The first Ctrl-C or SIGTERM takes no more jobs and awaits those that run; the second "
    "ends the service, and jobs that run go on.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8430,
    show_default=True,
    help="The port to listen at; 0 is any that is free.",
)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME=TARGET",
    help="What runs for a TrainingImage whose last part, without its tag, is NAME: an image or a "
    "program of this machine. [default: the local image of that name and tag]",
)
@click.option(
    "--images",
    "images_file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="A JSON or YAML file of such names with their targets.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Jobs that run at once; others wait. [default: one a CPU]",
)
@click.option(
    "--s3-root",
    type=_FOLDER,
    metavar="DIR",
    help="The folder that stands for S3: s3://bucket/key is DIR/bucket/key. [default: a folder of "
    "the home]",
)
@click.option(
    "--s3-endpoint",
    metavar="URL",
    help="An S3 server of your own, in the place of --s3-root; the credentials for it are those of "
    "this process.",
)
@click.option(
    "--token",
    envvar="SM_CONTAINER_API_TOKEN",
    show_envvar=True,
    metavar="WORD",
    help="The access key that requests must be signed with; without it any will do.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "podman", "process"]),
    default="auto",
    show_default=True,
    help="What runs images; a program is run by the process engine.",
)
@click.option(
    "--region", type=region, default="us-east-1", show_default=True, help="The region served."
)
@click.option(
    "--print-env",
    is_flag=True,
    help='Only print what sets a shell up: eval "$(sm-container api --print-env)".',
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as a JSON document.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Answer the SageMaker API on this machine, so that boto3, the SageMaker SDK, the aws command
    and the console train here, unchanged.

    A page for people is at the same address.
    """
    from sm_container.cli.serving import print_environment, serve

    if given["print_env"]:
        print_environment(given)
    else:
        ctx.exit(serve(given))
