"""The command itself: subcommands that are imported when they are called, and its last words.

A fault that the user can do something about ends in one line and an exit code; a traceback is
for our own defects alone.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

COMMANDS = (
    "init",
    "run",
    "api",
    "certify",
    "chaos",
    "ps",
    "describe",
    "logs",
    "report",
    "wait",
    "stop",
    "rm",
    "prune",
    "check",
    "metrics",
    "recordio",
    "doctor",
    "completion",
)


class LazyGroup(click.Group):
    """Finds a subcommand in the module of its name under ``commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sm_container.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as fault:
            raise _in_one_line(fault) from fault

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as fault:
            raise _in_one_line(fault) from fault
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            ctx.exit(130)
        except Exception as fault:
            from sm_container.cli.errors import complaint

            said = complaint(fault)
            if said is None:
                raise
            raise said from fault


def _in_one_line(fault: click.UsageError) -> click.ClickException:
    """The same fault without the lines of usage around it."""
    if isinstance(fault, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        return fault  # its text is the help page
    from sm_container.cli.errors import EXIT_INPUT, Complaint

    said = fault.format_message().rstrip(".")
    end = "" if said.endswith(("?", ")")) else "."
    where = f" See {fault.ctx.command_path} --help." if fault.ctx is not None else ""
    return Complaint([f"{said}{end}{where}"], EXIT_INPUT)


def _unknown(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, COMMANDS, 1)
    return f"No such command {word!r}." + (f" Did you mean {close[0]!r}?" if close else "")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Jobs live in SM_CONTAINER_HOME, ~/.sm-container by default.",
)
@click.version_option(package_name="sm-container", message="sm-container %(version)s")
def sm_container() -> None:
    """Run SageMaker training images and programs here as the service would."""
