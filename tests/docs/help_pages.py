"""What every command says to ``--help``, as committed under tests/docs/help.

``python -m tests.docs.help_pages --update`` writes it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sm_container.cli.group import sm_container

FOLDER = Path(__file__).with_name("help")
WIDTH = 100


def help_pages() -> dict[str, str]:
    """The help of the program and of each subcommand, by the name of its file."""
    top = click.Context(
        sm_container,
        info_name="sm-container",
        terminal_width=WIDTH,
        color=False,
        **sm_container.context_settings,
    )
    pages = {"sm-container.txt": sm_container.get_help(top), **_below(top, "")}
    return {name: f"{text}\n" for name, text in pages.items()}


def _below(parent: click.Context, prefix: str) -> dict[str, str]:
    """The help of the subcommands of a group, and of theirs."""
    group = parent.command
    assert isinstance(group, click.Group)
    pages = {}
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None, name
        context = click.Context(command, info_name=name, parent=parent)
        pages[f"{prefix}{name}.txt"] = command.get_help(context)
        if isinstance(command, click.Group):
            pages |= _below(context, f"{name}-")
    return pages


def update() -> None:
    """Write every page, and delete those of commands that are gone."""
    pages = help_pages()
    FOLDER.mkdir(exist_ok=True)
    for stale in {file.name for file in FOLDER.iterdir()} - pages.keys():
        (FOLDER / stale).unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python -m tests.docs.help_pages --update")
    update()
