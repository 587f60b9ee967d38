from __future__ import annotations

import gc
import os
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import pytest

from sm_container.channels.errors import ChannelError
from sm_container.channels.passes import Pass, PassNumbers, Plan, Start
from sm_container.channels.stopping import StopSignal
from tests.channels.feeding import WAIT

Maker = Callable[[Start], Generator[Any]]


def made(
    items: Maker,
    *,
    numbers: PassNumbers | None = None,
    stop: StopSignal | None = None,
    ahead: int = 2,
    group_seconds: float = 0.0,
    is_alone: bool = False,
) -> Pass[Any]:
    return Pass(
        Plan(
            name="channel train",
            items=items,
            numbers=numbers or PassNumbers(),
            stop=stop or StopSignal(),
            is_alone=is_alone,
            ahead=ahead,
            group_seconds=group_seconds,
        )
    )


def counting(count: int) -> Maker:
    def items(start: Start) -> Generator[int]:
        yield from range(count)

    return items


everywhere = pytest.mark.parametrize(
    ("ahead", "group_seconds"), [(0, 0.0), (1, 0.0), (2, 0.0), (2, 0.01), (3, 60.0)]
)


@everywhere
@pytest.mark.parametrize("count", [0, 1, 5, 5000])
def test_all_items_in_order_and_nothing_is_left(
    count: int, ahead: int, group_seconds: float, no_leaks: None
) -> None:
    found = made(counting(count), ahead=ahead, group_seconds=group_seconds)
    assert list(found) == list(range(count))
    assert list(found) == []


def test_nothing_is_made_before_it_is_asked_for() -> None:
    begun = threading.Event()

    def items(start: Start) -> Generator[int]:
        begun.set()
        yield start.number

    found = made(items)
    assert iter(found) is found
    assert not begun.is_set()
    assert next(found) == 0
    assert begun.is_set()


def test_no_more_is_made_ahead_than_was_said(no_leaks: None) -> None:
    count = 0
    made_more = threading.Event()

    def items(start: Start) -> Generator[int]:
        nonlocal count
        while True:
            count += 1
            if count == 6:
                made_more.set()
            yield count

    with made(items, ahead=3) as found:
        assert next(found) == 1
        while count < 5:  # one is taken, three wait, one cannot be handed over
            time.sleep(0.005)
        assert not made_more.wait(0.1)
        assert next(found) == 2
        assert made_more.wait(WAIT)


@everywhere
def test_an_error_comes_after_the_items_before_it(
    ahead: int, group_seconds: float, no_leaks: None
) -> None:
    def items(start: Start) -> Generator[int]:
        yield from range(3)
        raise OSError("broken")

    found = made(items, ahead=ahead, group_seconds=group_seconds)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="broken"):
        next(found)
    assert list(found) == []


@everywhere
@pytest.mark.parametrize("how", ["close", "with", "collected", "break", "error in the loop"])
def test_an_early_end_frees_what_was_opened(
    how: str, ahead: int, group_seconds: float, no_leaks: None
) -> None:
    closed = threading.Event()

    def items(start: Start) -> Generator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    found: Any = made(items, ahead=ahead, group_seconds=group_seconds)
    assert next(found) == 0
    if how == "close":
        found.close()
        assert closed.is_set()
        assert list(found) == []
        found.close()
    elif how == "with":
        with found:
            assert next(found) == 1
        assert closed.is_set()
    elif how == "collected":
        ring: list[Any] = [found]
        ring.append(ring)
        del found, ring
        gc.collect()
    elif how == "break":
        for _ in found:
            break
        del found
    else:
        with suppress(KeyError):
            for item in found:
                raise KeyError(item)
        del found
    assert closed.wait(WAIT)


@everywhere
def test_a_stop_ends_the_loop(ahead: int, group_seconds: float, no_leaks: None) -> None:
    stop = StopSignal()
    found = []
    for item in made(counting(10**9), stop=stop, ahead=ahead, group_seconds=group_seconds):
        found.append(item)
        if len(found) == 3:
            stop.set()
    assert found == [0, 1, 2]
    assert list(made(counting(3), stop=stop)) == []


@pytest.mark.parametrize("ahead", [0, 2])
def test_the_end_that_a_stop_makes_is_heard(ahead: int) -> None:
    heard: list[int] = []
    stop = StopSignal(lambda: heard.append(len(found)))
    found = list(made(counting(3), stop=stop, ahead=ahead))
    assert heard == []
    for item in made(counting(10**9), stop=stop, ahead=ahead):
        found.append(item)
        stop.set()
    assert found == [0, 1, 2, 0]
    assert heard == [4]


def test_a_stop_ends_a_wait_that_cannot_be_interrupted(no_leaks: None) -> None:
    stop, let_go = StopSignal(), threading.Event()

    def items(start: Start) -> Generator[int]:
        yield 1
        stop.set()
        assert let_go.wait(WAIT)
        yield 2

    found = made(items, stop=stop)
    threading.Timer(0.5, let_go.set).start()
    assert list(found) in ([1], [])


def test_what_there_is_comes_before_a_wait() -> None:
    """Groups are for speed: none is held back while the source has nothing more."""
    go_on = threading.Event()

    def items(start: Start) -> Generator[int]:
        yield from range(3)
        start.before_wait()
        assert go_on.wait(WAIT)
        yield 3

    found = made(items, group_seconds=60)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    go_on.set()
    assert list(found) == [3]


def test_a_consumed_item_is_not_kept() -> None:
    class Item:
        pass

    def items(start: Start) -> Generator[Item]:
        yield Item()
        yield Item()

    for ahead in (0, 2):
        found = made(items, ahead=ahead)
        gone = weakref.ref(next(found))
        kept = next(found)
        assert gone() is None
        assert kept is not None
        found.close()


def test_numbers_count_passes_that_began() -> None:
    numbers = PassNumbers()

    def items(start: Start) -> Generator[int]:
        yield start.number

    unread = made(items, numbers=numbers)
    assert [list(made(items, numbers=numbers)) for _ in range(3)] == [[0], [1], [2]]
    assert list(unread) == [3]
    assert list(made(items, numbers=pickle.loads(pickle.dumps(numbers)))) == [4]
    numbers.give_back(3)
    assert numbers.take() == 3
    numbers.give_back(2)
    assert numbers.take() == 4


@pytest.mark.parametrize("ahead", [0, 2])
def test_one_alone_refuses_another(ahead: int, no_leaks: None) -> None:
    numbers = PassNumbers()
    first = made(counting(9), numbers=numbers, is_alone=True, ahead=ahead)
    second = made(counting(9), numbers=numbers, is_alone=True, ahead=ahead)
    assert next(first) == 0
    with pytest.raises(ChannelError, match=r"channel train is still being read.* close\(\) it"):
        next(second)
    assert list(first) == list(range(1, 9))
    assert list(second) == list(range(9))


def test_one_alone_waits_for_one_that_was_dropped(no_leaks: None) -> None:
    numbers, order = PassNumbers(), []

    def items(start: Start) -> Generator[int]:
        try:
            yield from range(100)
        finally:
            threading.Event().wait(0.2)
            order.append(("end", start.number))

    for _ in range(3):
        for item in made(items, numbers=numbers, is_alone=True):
            order.append(("item", item))
            break
    assert order[:5] == [("item", 0), ("end", 0), ("item", 0), ("end", 1), ("item", 0)]


def test_a_pass_belongs_to_the_process_that_began_it() -> None:
    found = made(counting(10**9))
    assert next(found) == 0
    child = os.fork()
    if not child:
        code = 1
        with suppress(ChannelError):
            next(iter(lambda: next(found), -1))
            while next(found) < 100_000:
                pass
            code = 2
        fresh = list(made(counting(5)))
        os._exit(0 if code == 1 and fresh == [0, 1, 2, 3, 4] else code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert next(found) == 1
    found.close()
