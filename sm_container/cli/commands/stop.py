"""``sm-container stop``: end jobs as StopTrainingJob does."""

from __future__ import annotations

import click

from sm_container.cli.parameters import complete_jobs


@click.command("stop", short_help="Stop running jobs.")
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True, shell_complete=complete_jobs)
@click.option("--wait", is_flag=True, help="Return when they have ended.")
def command(jobs: tuple[str, ...], wait: bool) -> None:
    """Stop each JOB as the service would: SIGTERM, the grace, SIGKILL; artifacts are saved."""
    import sys

    from sm_container.cli.ending import ask_to_stop, await_end
    from sm_container.cli.errors import EXIT_INPUT, Complaint
    from sm_container.cli.home import open_store
    from sm_container.cli.orphans import end_orphan
    from sm_container.cli.stream import Stream

    store = open_store()
    err = Stream(sys.stderr)
    faults: list[str] = []
    asked = []
    for folder in [store.find(job) for job in jobs]:
        status = folder.read().status
        if status.is_terminal:
            faults.append(
                f"job {folder.name}: The request was rejected because the training job is in "
                f"status {status.value}."
            )
            continue
        ask_to_stop(folder)
        end_orphan(store, folder, err)
        asked.append(folder)
    for folder in asked if wait else ():
        await_end(folder)
    if faults:
        raise Complaint(faults, EXIT_INPUT)
