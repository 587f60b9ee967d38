"""``sm-container prune``: free disk space."""

from __future__ import annotations

import click

from sm_container.cli.parameters import duration


@click.command("prune", short_help="Delete old jobs and cached data.")
@click.option(
    "--older-than",
    type=duration,
    default="7d",
    show_default=True,
    metavar="DURATION",
    help="Jobs that ended longer ago than this.",
)
@click.option("--cache", is_flag=True, help="The cache of copied objects, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, delete nothing.")
def command(older_than: int, cache: bool, dry_run: bool) -> None:
    """Delete jobs that ended long ago. Artifacts stay where they are; so do jobs that run."""
    import sys

    from sm_container.cli.home import open_store
    from sm_container.cli.pruning import prune
    from sm_container.cli.stream import Stream

    prune(
        open_store(),
        Stream(sys.stdout),
        Stream(sys.stderr),
        older_than=older_than,
        cache=cache,
        dry_run=dry_run,
    )
