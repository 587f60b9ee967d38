"""Shell commands in the documentation name commands, options, targets and files that exist."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator

import click
import pytest

from sm_container.cli.group import sm_container
from tests.docs.blocks import ROOT, Block, blocks

SHELL = blocks("sh", "bash", "shell", "console")
# Programs of the reader's machine, whose options are not ours to check.
FOREIGN = {".", "aws", "cp", "docker", "ls", "mkdir", "pip", "podman", "printf", "python3", "tar"}


def commands(block: Block) -> Iterator[list[str]]:
    """Each command of a block as its words, without comments, variables and redirections."""
    for words in _piped(block.text.replace("\\\n", " ").splitlines()):
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words:
            yield words[: words.index(">")] if ">" in words else words


def _piped(lines: Iterable[str]) -> Iterator[list[str]]:
    """The words of each command, also of those that a pipe connects."""
    for line in lines:
        parted = itertools.groupby(shlex.split(line, comments=True), key=lambda word: word == "|")
        yield from (list(words) for is_pipe, words in parted if not is_pipe)


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_every_command_exists(block: Block) -> None:
    for words in commands(block):
        program, *arguments = words
        if program == "sm-container":
            check_arguments(arguments)
        elif program == "make":
            assert _targets(arguments) <= _make_targets(), words
        elif program == "python":
            _check_python(block, arguments)
        elif program.startswith((".venv/bin/", "scripts/")):
            assert (ROOT / program).exists(), words
        else:
            assert program in FOREIGN, f"{block}: {program} is not known here"


def check_arguments(arguments: list[str]) -> None:
    """Have click read a command line as it would to run it; it is not run."""
    context = click.Context(sm_container, info_name="sm-container")
    name, command, rest = sm_container.resolve_command(context, arguments)
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
    assert command is not None
    if set(rest) & {"-h", "--help"}:
        return
    try:
        with command.make_context(name, rest, parent=context):
            pass
    except click.BadParameter as error:
        if "does not exist" not in error.message:  # the reader's own file
            raise


def _targets(arguments: list[str]) -> set[str]:
    return {word for word in arguments if "=" not in word and word != "..."}


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _check_python(block: Block, arguments: list[str]) -> None:
    if arguments[0] == "-m":
        module = ROOT / arguments[1].replace(".", "/")
        assert module.with_suffix(".py").exists() or module.is_dir(), arguments
    elif not _writes(block, arguments[0]):
        assert (ROOT / arguments[0]).exists(), arguments


def _writes(block: Block, name: str) -> bool:
    """Whether the page itself has the reader save a file of this name."""
    return any(
        other.page == block.page and other.settings.get("title") == name
        for other in blocks("python", "yaml", "dockerfile")
    )


def test_there_are_shell_blocks() -> None:
    assert {block.page.name for block in SHELL} >= {"README.md", "CONTRIBUTING.md", "tutorial.md"}
