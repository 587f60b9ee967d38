"""Who has written a name last."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sm_container.harness.checkpoints.claims import Claim, Claims, differs
from sm_container.harness.checkpoints.folder import Folder
from tests.harness.checkpoints.conftest import LOCAL, until


@pytest.fixture
def folders(hostile_tmp_path: Path) -> tuple[Folder, Folder]:
    one, two = (Folder(hostile_tmp_path, (name,), LOCAL) for name in ("one", "two"))
    one.make_empty()
    two.make_empty()
    return one, two


def claim(folder: Folder, content: bytes) -> Claim:
    (folder.path / "file").write_bytes(content)
    version = folder.version("file")
    assert version is not None
    return Claim("algo-1", folder, version)


LARGE = bytes(3 << 20)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"same", b"same", False),
        (b"one", b"two", True),
        (b"short", b"longer", True),
        (b"", b"", False),
        (LARGE, LARGE, False),
        (LARGE + b"1", LARGE + b"2", True),
    ],
)
def test_contents_are_compared(
    folders: tuple[Folder, Folder], first: bytes, second: bytes, expected: bool
) -> None:
    one, two = folders
    claimed = claim(one, first)
    (two.path / "file").write_bytes(second)
    with two.open("file") as file:
        assert differs(claimed, file) is expected


@pytest.mark.parametrize("content", [None, b"then"])
def test_of_a_file_that_has_changed_since_only_the_size_is_known(
    folders: tuple[Folder, Folder], content: bytes | None
) -> None:
    one, two = folders
    claimed = claim(one, b"1234")
    (one.path / "file").unlink()
    if content is not None:
        (one.path / "file").write_bytes(content)
    (two.path / "file").write_bytes(b"5678")
    with two.open("file") as file:
        assert differs(claimed, file) is False
    (two.path / "file").write_bytes(b"56789")
    with two.open("file") as file:
        assert differs(claimed, file) is True


def test_one_host_at_a_time_has_a_name() -> None:
    claims, events, ticks = Claims(), [], threading.Event()

    def second() -> None:
        with claims.holding("a", ticks.set):
            events.append("second")

    with claims.holding("a", lambda: None), claims.holding("b", lambda: None):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert ticks.wait(30)
        events.append("first")
    waiting.join()
    assert events == ["first", "second"]


def test_a_wait_for_a_name_can_be_ended() -> None:
    claims, raised = Claims(), []

    def leave() -> None:
        raise TimeoutError

    def second() -> None:
        try:
            with claims.holding("a", leave):
                pass
        except TimeoutError as error:
            raised.append(error)

    with claims.holding("a", lambda: None):
        waiting = threading.Thread(target=second)
        waiting.start()
        until(lambda: bool(raised))
    waiting.join()
    with claims.holding("a", leave):
        pass
