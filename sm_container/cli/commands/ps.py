"""``sm-container ps``: the jobs of this home."""

from __future__ import annotations

import click

STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")


@click.command("ps", short_help="List jobs.")
@click.option("-a", "--all", "all_jobs", is_flag=True, help="Those that have ended, too.")
@click.option(
    "--status",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    help="Only jobs of this status.",
)
@click.option("--name", metavar="TEXT", help="Only jobs with TEXT in their name.")
@click.option("-q", "--quiet", is_flag=True, help="Names only.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def command(
    all_jobs: bool, status: tuple[str, ...], name: str | None, quiet: bool, as_json: bool
) -> None:
    """List the jobs that run, or with --all or --status those that have ended, the newest first."""
    import sys

    from sm_container.cli.home import open_store
    from sm_container.cli.listing import as_table, to_document
    from sm_container.cli.orphans import orphans
    from sm_container.cli.stream import Stream

    store = open_store()
    every = store.summaries()
    wanted = status or (() if all_jobs else ("InProgress", "Stopping"))
    shown = [
        each
        for each in every
        if (not wanted or each.status in wanted) and (name is None or name in each.name)
    ]
    ownerless = {folder.name for folder in orphans(store, shown)}
    out = Stream(sys.stdout)
    if as_json:
        import json

        out.line(
            json.dumps([to_document(each, each.name in ownerless) for each in shown], indent=2)
        )
    elif quiet:
        for each in shown:
            out.line(each.name)
    elif shown:
        for line in as_table(shown, ownerless, out):
            out.line(line)
    else:
        rest = len(every) - len(shown)
        hint = f"; sm-container ps --all lists {rest} more" if rest and not all_jobs else ""
        said = "no such jobs" if status or name is not None else "no job is running"
        Stream(sys.stderr).line(f"{said}{hint}" if every else "no jobs")
    for orphan in sorted(ownerless):
        Stream(sys.stderr).line(
            f"{orphan}: its process is gone; the next run, or sm-container rm, ends what it left",
            fg="yellow",
        )
