"""``sm-container check``: is a request one that the service would take?"""

from __future__ import annotations

from typing import Any

import click

from sm_container.cli.parameters import complete_path
from sm_container.cli.request import RequestCommand


@click.command("check", cls=RequestCommand, short_help="Check a request without running it.")
@click.argument("target", required=False, shell_complete=complete_path)
@click.option("--json", "as_json", is_flag=True, help="Faults and remarks as a JSON document.")
@click.pass_context
def command(ctx: click.Context, /, target: str | None, as_json: bool, **given: Any) -> None:
    """Check a request, made as for run, against the service's rules: every fault is said.

    With --algorithm alone the algorithm's document is checked.
    """
    from sm_container.cli.checking import check

    ctx.exit(check(target, given, as_json=as_json))
