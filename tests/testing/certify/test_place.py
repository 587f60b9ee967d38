"""A battery's home: its alone while it lives, found by the next when it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.store.home import Home
from sm_container.testing.certify.place import left_over, own_home

HOLDER = """
import sys
from sm_container.harness.store.home import Home
from sm_container.testing.certify.place import own_home
home = Home.from_environment({"SM_CONTAINER_HOME": sys.argv[1]})
with own_home(home, kept=len(sys.argv) > 2) as own:
    print(own.path, flush=True)
    sys.stdin.read()
"""


def held(home: Home, *words: str) -> tuple[subprocess.Popen[str], Path]:
    """Another battery with a home of its own, and where that is."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.path), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def found(home: Home) -> list[Path]:
    return [left.path for left in left_over(home)]


def test_the_home_of_a_battery_that_lives_is_its_alone(home: Home) -> None:
    process, path = held(home)
    assert path.is_relative_to(home.path / "certify")
    assert found(home) == []
    process.kill()
    process.communicate()
    assert found(home) == [path]


def test_what_is_kept_is_never_left_over(home: Home) -> None:
    process, path = held(home, "kept")
    process.kill()
    process.communicate()
    assert path.is_dir()
    assert found(home) == []


def test_a_home_that_is_left_over_is_one_finders_alone(home: Home) -> None:
    process, path = held(home)
    process.kill()
    process.communicate()
    finder = left_over(home)
    assert next(finder).path == path
    assert found(home) == []
    with pytest.raises(StopIteration):
        next(finder)


def test_two_batteries_have_two_homes_and_share_what_was_copied(home: Home) -> None:
    with own_home(home, kept=False) as one, own_home(home, kept=False) as other:
        assert one.path != other.path
        assert one.identity != other.identity != home.identity
        (one.cache / "objects" / "x").touch()
        assert (home.cache / "objects" / "x").exists()
        assert (other.cache / "objects" / "x").exists()
