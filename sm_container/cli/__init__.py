"""The command ``sm-container``: its subcommands stand in ``commands``, what they show beside it."""

from __future__ import annotations


def main() -> None:
    """Run the command with this process's arguments; ends the process with its exit code."""
    import gc

    # What the imports make lives as long as the command: to look for garbage in it every 700
    # objects, which is Python's default, would take a twentieth of the start.
    gc.set_threshold(50_000)
    from sm_container.cli.group import sm_container

    try:
        sm_container(prog_name="sm-container")
    except Exception:  # noqa: BLE001 - shown whole, since it is a defect of ours
        import sys
        import traceback

        traceback.print_exc()
        # Not 1, which would be taken for an algorithm's own exit code.
        sys.exit(125)
