"""``sm-container rm``: delete jobs."""

from __future__ import annotations

import click

from sm_container.cli.parameters import complete_jobs


@click.command("rm", short_help="Delete jobs.")
@click.argument("jobs", metavar="[JOB...]", nargs=-1, shell_complete=complete_jobs)
@click.option("--all-finished", is_flag=True, help="Every job that has ended.")
@click.option("-f", "--force", is_flag=True, help="Stop a job that runs, then delete it.")
def command(jobs: tuple[str, ...], all_finished: bool, force: bool) -> None:
    """Delete each JOB: its record, its log and its /opt/ml tree. Artifacts stay where they are.

    What a job whose process has died left running is ended first.
    """
    import sys

    from sm_container.cli.errors import EXIT_INPUT, Complaint
    from sm_container.cli.home import open_store
    from sm_container.cli.orphans import sweep
    from sm_container.cli.removal import Refused, finished, remove
    from sm_container.cli.stream import Stream

    if not jobs and not all_finished:
        raise click.UsageError("name a JOB, or give --all-finished")
    store = open_store()
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    folders = [store.find(job) for job in dict.fromkeys(jobs)]
    if all_finished:
        named = {folder.name for folder in folders}
        folders += [folder for folder in finished(store) if folder.name not in named]
    faults: list[str] = []
    for folder in folders:
        try:
            remove(store, folder, err, force=force)
        except Refused as refusal:
            faults.append(str(refusal))
        else:
            out.line(folder.name)
    sweep(store, err)
    if faults:
        raise Complaint(faults, EXIT_INPUT)
