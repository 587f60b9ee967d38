"""``sm-container describe``: all that is known of a job."""

from __future__ import annotations

import click

from sm_container.cli.parameters import complete_jobs


@click.command("describe", short_help="Show all that is known of a job.")
@click.argument("job", shell_complete=complete_jobs)
@click.option("--json", "as_json", is_flag=True, help="The DescribeTrainingJob document.")
def command(job: str, as_json: bool) -> None:
    """Show all that is known of JOB: status, request, times, metrics, notes."""
    import sys

    from sm_container.cli.home import open_store
    from sm_container.cli.stream import Stream

    folder = open_store().find(job)
    record = folder.read()
    out = Stream(sys.stdout)
    if as_json:
        import json

        from sm_container.harness import describe

        out.line(json.dumps(describe.as_json(describe.describe(record)), indent=2))
        return
    from sm_container.cli.page import print_page
    from sm_container.harness.store.ownership import is_orphan

    print_page(record, folder, out, is_orphan=is_orphan(folder, record.status.value))
