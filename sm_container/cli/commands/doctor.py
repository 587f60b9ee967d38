"""``sm-container doctor``: what this machine has for running jobs."""

from __future__ import annotations

import click


@click.command("doctor", short_help="Say what this machine has, and lacks.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@click.pass_context
def command(ctx: click.Context, /, as_json: bool) -> None:
    """Look at all that running jobs depends on; each line says what to do where something is.

    Exit code 1 where there is a problem.
    """
    import sys

    from sm_container.cli.diagnosis import credentials, engines, machine, software
    from sm_container.cli.diagnosis.report import print_report
    from sm_container.cli.home import open_home
    from sm_container.cli.stream import Stream

    home = open_home()
    parts = (
        software.findings(),
        machine.findings(home),
        engines.findings(),
        credentials.findings(),
    )
    found = (each for part in parts for each in part)
    ctx.exit(print_report(found, Stream(sys.stdout), as_json=as_json))
