"""Shell commands in the documentation name commands, options, targets and files that exist."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator

import click
import pytest
from markdown_it import MarkdownIt

from sm_container.cli.group import sm_container
from tests.docs.blocks import ROOT, Block, blocks, pages

SHELL = [
    block for block in blocks("sh", "bash", "shell", "console") if "title" not in block.settings
]
INLINE = sorted(
    {
        tuple(shlex.split(child.content)[1:])
        for page in pages()
        for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
        for child in token.children or ()
        if child.type == "code_inline" and child.content.startswith("sm-container ")
    }
)
# Programs of the reader's machine, whose options are not ours to check.
FOREIGN = {
    ".",
    "aws",
    "cat",
    "cd",
    "chmod",
    "cp",
    "docker",
    "ls",
    "mkdir",
    "pip",
    "podman",
    "printf",
    "pytest",
    "python3",
    "tar",
}


def commands(block: Block) -> Iterator[list[str]]:
    """Each command of a block as its words, without comments, variables and redirections."""
    for words in _piped(block.text.replace("\\\n", " ").splitlines()):
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words[:1] == ["eval"]:  # of what a command says: eval "$(command)"
            words = shlex.split(words[1].removeprefix("$(").removesuffix(")"))
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


@pytest.mark.parametrize("words", INLINE, ids=" ".join)
def test_every_command_in_the_text_exists(words: tuple[str, ...]) -> None:
    """In the text a command may lack its target, or have another word for what the reader gives."""
    command: click.Command | None = sm_container
    for word in words:
        if isinstance(command, click.Group) and word.islower() and word.isalpha():
            command = command.get_command(click.Context(command), word)
            assert command is not None, word
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--") and len(word) > 2} <= known | {"--help"}


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
