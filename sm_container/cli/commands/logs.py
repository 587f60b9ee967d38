"""``sm-container logs``: what a job's hosts have written."""

from __future__ import annotations

import click

from sm_container.cli.parameters import complete_jobs


@click.command("logs", short_help="Show a job's log.")
@click.argument("job", shell_complete=complete_jobs)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="The last N lines of each host.")
@click.option("--host", metavar="HOST", help="One host: algo-1. [default: all]")
def command(job: str, follow: bool, tail: int | None, host: str | None) -> None:
    """Show what JOB has written, byte for byte. Of several hosts each line says whose it is."""
    import sys

    from sm_container.cli.home import open_store
    from sm_container.cli.reading import print_logs
    from sm_container.cli.stream import Stream

    print_logs(open_store().find(job), Stream(sys.stdout), host=host, tail=tail, follow=follow)
