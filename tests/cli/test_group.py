"""The command itself: finding subcommands, light imports, its last words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from sm_container.cli import group
from sm_container.cli.group import COMMANDS, sm_container

HEAVY = {
    *(
        "numpy",
        "boto3",
        "botocore",
        "jinja2",
        "pyarrow",
        "rich",
        "re2",
        "yaml",
        "watchdog",
        "sqlite3",
    )
}


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from sm_container.cli.group import sm_container\n"
        f"sm_container({words!r}, standalone_mode=False)\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0
    assert HEAVY.isdisjoint(done.stderr.split())
    assert "sm_container.harness" not in done.stderr


def test_a_command_is_named_as_its_module() -> None:
    context = click.Context(sm_container)
    for name in COMMANDS:
        command = sm_container.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.short_help


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'? See sm-container --help."),
        (["xyzzy"], "No such command 'xyzzy'. See sm-container --help."),
        (["--zzz"], "No such option '--zzz'. See sm-container --help."),
        (["wait"], "Missing argument 'JOB...'. See sm-container wait --help."),
        (["completion", "csh"], "See sm-container completion --help."),
    ],
)
def test_misuse_is_one_line_with_where_to_look(words: list[str], said: str) -> None:
    done = CliRunner().invoke(sm_container, words, prog_name="sm-container")

    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.endswith(f"{said}\n")
    assert len(done.stderr.splitlines()) == 1


def test_an_option_that_is_nearly_right_is_named() -> None:
    done = CliRunner().invoke(sm_container, ["run", "--chanel", "a=b"])

    assert done.exit_code == 2
    assert "--channel" in done.stderr


def test_without_words_the_help_is_shown() -> None:
    done = CliRunner().invoke(sm_container, [])

    assert "Usage: " in done.output
    assert "describe" in done.output


def test_version() -> None:
    done = CliRunner().invoke(sm_container, ["--version"])

    assert done.exit_code == 0
    assert done.stdout.startswith("sm-container ")


def failing(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> Any:
    @click.command("ps")
    def command() -> None:
        raise fault

    monkeypatch.setattr(group.LazyGroup, "get_command", lambda *_: command)
    return CliRunner().invoke(sm_container, ["ps"])


def test_ctrl_c_ends_quietly_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    done = failing(monkeypatch, KeyboardInterrupt())

    assert done.exit_code == 130
    assert done.output == ""


def test_a_defect_ends_with_its_traceback_and_125() -> None:
    script = (
        "import sm_container.cli as cli, sm_container.cli.group as group, sys\n"
        "sys.argv = ['sm-container', 'ps']\n"
        "group.LazyGroup.get_command = lambda *_: {}['a defect']\n"
        "cli.main()"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 125
    assert done.stderr.startswith("Traceback")
    assert "KeyError: 'a defect'" in done.stderr


def test_a_defect_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    done = failing(monkeypatch, KeyError("a defect"))

    assert isinstance(done.exception, KeyError)
