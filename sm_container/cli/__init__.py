"""The command ``sm-container``: its subcommands stand in ``commands``, what they show beside it."""

from __future__ import annotations


def main() -> None:
    """Run the command with this process's arguments; ends the process with its exit code."""
    from sm_container.cli.group import sm_container

    sm_container(prog_name="sm-container")
