"""``sm-container wait``: until jobs have ended."""

from __future__ import annotations

import click

from sm_container.cli.parameters import complete_jobs, duration


@click.command(
    "wait",
    short_help="Wait for jobs to end.",
    epilog="Exit code: that of run, of the first job that did not complete; 124 also where "
    "--timeout is over.",
)
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True, shell_complete=complete_jobs)
@click.option("--timeout", type=duration, metavar="DURATION", help="Wait no longer: 900, 15m.")
@click.pass_context
def command(ctx: click.Context, /, jobs: tuple[str, ...], timeout: int | None) -> None:
    """Wait until each JOB has ended; exit as run would have."""
    import sys
    import time

    from sm_container.cli.ending import await_end
    from sm_container.cli.errors import Complaint
    from sm_container.cli.home import open_store
    from sm_container.cli.stream import Stream
    from sm_container.harness.life.launch import EXIT_TIME_LIMIT, exit_code

    store = open_store()
    folders = [store.find(job) for job in jobs]
    deadline = None if timeout is None else time.monotonic() + timeout
    out = Stream(sys.stdout)
    codes = []
    for folder in folders:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        record = await_end(folder, left)
        if record is None:
            raise Complaint([f"job {folder.name} still runs after {timeout} s"], EXIT_TIME_LIMIT)
        codes.append(exit_code(record))
        out.line(f"{record.name} {record.status.value}")
    ctx.exit(next((code for code in codes if code), 0))
