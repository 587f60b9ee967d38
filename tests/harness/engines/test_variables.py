from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.variables import Variables


def test_open_variables_are_on_the_command_line() -> None:
    with Variables.of({"A": "x\ny", "EMPTY": "", "LD_PRELOAD": "/x.so"}).passed() as passed:
        words, inherited, descriptors = passed
        assert words == ["--env", "A=x\ny", "--env", "EMPTY=", "--env", "LD_PRELOAD=/x.so"]
        assert inherited == {}
        assert descriptors == []


def test_secrets_go_by_a_file_without_a_name() -> None:
    with Variables.of({"HF_TOKEN": "a b=#$c", "URL": "pg://me:pw@db/x"}).passed() as passed:
        words, inherited, [descriptor] = passed
        assert words == ["--env-file", f"/proc/self/fd/{descriptor}"]
        assert inherited == {}
        assert Path(words[1]).read_text() == "HF_TOKEN=a b=#$c\nURL=pg://me:pw@db/x\n"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_secrets_that_no_file_can_hold_are_inherited() -> None:
    with Variables.of({"SSH_PRIVATE_KEY": "a\nb", "MY_TOKEN": "'"}).passed() as passed:
        words, inherited, descriptors = passed
        assert words == ["--env", "SSH_PRIVATE_KEY", "--env", "MY_TOKEN"]
        assert inherited == {"SSH_PRIVATE_KEY": "a\nb", "MY_TOKEN": "'"}
        assert descriptors == []


@pytest.mark.parametrize(
    "name", ["LD_SECRET", "DOCKER_AUTH_TOKEN", "CONTAINERS_SECRET", "REGISTRY_PASSWORD", "PLAIN"]
)
def test_nothing_is_inherited_that_could_steer_the_engine(name: str) -> None:
    with (
        pytest.raises(EngineError, match=f"{name} holds a secret"),
        Variables.of({name: "pg://me:pw@db/'x'"}).passed(),
    ):
        raise AssertionError


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A=B", "A B", "A\n"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(EngineError, match="not a variable's name"):
        Variables.of({name: "x"})


def test_nul_is_refused() -> None:
    with pytest.raises(EngineError, match="the variable A holds a NUL"):
        Variables.of({"A": "x\0y"})


def test_secrets_are_shown_by_name_alone() -> None:
    shown = Variables.of({"A": "1", "API_KEY": "sesame"}).shown()
    assert shown == ["--env", "A=1", "--env", "API_KEY"]


# Those that could steer the engine are refused with some values: see above.
NAMES = st.from_regex(r"[A-Z]{1,8}(_TOKEN)?", fullmatch=True).filter(
    lambda name: not name.startswith(("LD_", "DOCKER_", "REGISTRY_"))
)


@given(st.dictionaries(NAMES, st.text(max_size=20)))
def test_every_variable_goes_one_way(environment: dict[str, str]) -> None:
    environment = {n: v for n, v in environment.items() if "\0" not in v}
    with Variables.of(environment).passed() as (words, inherited, descriptors):
        named = [w for f, w in zip(words[::2], words[1::2], strict=True) if f == "--env"]
        got = dict(w.split("=", 1) for w in named if "=" in w)
        got.update({w: inherited[w] for w in named if "=" not in w})
        for descriptor in descriptors:
            text = os.pread(descriptor, 1 << 20, 0).decode()
            got.update(line.split("=", 1) for line in text.removesuffix("\n").split("\n"))
    assert got == environment
