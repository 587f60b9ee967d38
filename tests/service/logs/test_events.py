"""Events of a log, in both directions, whatever its bytes are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.service.logs import events as module
from sm_container.service.logs.events import LONGEST, Event, EventLog, page_of
from tests.service.logs.logfiles import append

ANY_FILE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
WRITES = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([b"a\n", b"\n", "ü€😀\n".encode(), b"no end ", b"\xff"])
    ),
    max_size=25,
)


def opened(log: Path, *, is_over: bool = False) -> EventLog:
    return EventLog(log, lambda: is_over)


def messages(log: Path, *, is_over: bool = False) -> list[str]:
    with opened(log, is_over=is_over) as events:
        return [each.message for each in events.forward(0, events.end)]


def test_each_line_is_an_event_with_its_time_and_an_empty_one_is_none(tmp_path: Path) -> None:
    log = append(tmp_path / "log", [(5, b"one\ttab\n\ntwo \xff\r\n"), (9, b"three\n")])
    with opened(log) as events:
        assert list(events.forward(0, events.end)) == [
            Event(0, 8, 5, "one\ttab"),
            Event(9, 16, 5, "two �\r"),
            Event(16, 22, 9, "three"),
        ]


def test_a_line_that_has_not_ended_waits_until_it_does_or_its_writer_is_gone(
    tmp_path: Path,
) -> None:
    log = append(tmp_path / "log", [(1, b"whole\nbeg")])
    assert messages(log) == ["whole"]
    assert messages(log, is_over=True) == ["whole", "beg"]
    append(log, [(2, b"un\n")])
    assert messages(log) == ["whole", "begun"]


def test_a_long_line_is_several_events_none_of_which_splits_a_character(tmp_path: Path) -> None:
    text = "€" * 200_000  # 600,000 bytes; 3 do not divide what an event holds
    log = append(tmp_path / "log", [(1, f"{text}\nafter\n".encode())])
    found = messages(log)
    assert "".join(found) == f"{text}after"
    assert len(found) == 4
    assert all(len(each.encode()) <= LONGEST for each in found)


def test_parts_of_a_long_line_come_before_its_end_and_stay_the_same(tmp_path: Path) -> None:
    log = append(tmp_path / "log", [(1, b"x" * (LONGEST + 10))])
    with opened(log) as events:
        assert events.end == LONGEST
    append(log, [(2, b"y" * LONGEST), (3, b"z\n")])
    found = messages(log)
    assert [len(each) for each in found] == [LONGEST, LONGEST, 11]


@settings(suppress_health_check=ANY_FILE, deadline=None)
@given(writes=WRITES, start=st.integers(0, 60), end=st.integers(0, 60), is_over=st.booleans())
def test_both_directions_and_all_bounds_find_the_same(
    tmp_path: Path, writes: list[tuple[int, bytes]], start: int, end: int, is_over: bool
) -> None:
    log = tmp_path / "log"
    for each in tmp_path.iterdir():
        each.unlink()
    moment, timed = 0, []
    for pause, data in writes:
        moment += pause
        timed.append((moment, data))
    append(log, timed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LONGEST", 7)
        patch.setattr(module, "_BLOCK", 5)
        with opened(log, is_over=is_over) as events:
            every = list(events.forward(0, events.end))
            assert list(events.backward(events.end, 0)) == every[::-1]
            low, high = events.between(start, end)
            wanted = [each for each in every if start <= each.timestamp < end]
            assert list(events.forward(low, high)) == wanted
            assert list(events.backward(high, low)) == wanted[::-1]
            for each in every:  # from any position on
                assert list(events.forward(each.end, events.end)) == every[every.index(each) + 1 :]
                assert list(events.backward(each.start, 0)) == every[: every.index(each)][::-1]


def test_a_page_holds_as_many_events_as_are_asked_for_and_no_more_than_its_bytes() -> None:
    small = [Event(at, at + 1, 0, "x") for at in range(20)]
    assert len(page_of(small, 7)) == 7
    large = [Event(at << 18, (at + 1) << 18, 0, "") for at in range(9)]
    assert len(page_of(large)) == 3
    assert page_of([Event(0, 9 << 20, 0, "")]) != []


def test_the_end_of_a_long_log_is_read_without_what_is_before_it(tmp_path: Path) -> None:
    log = append(tmp_path / "log", [(1, b"first\n"), (2, b"last\n")])
    hole = 1 << 40  # nobody reads a terabyte
    with open(log, "r+b") as file:
        file.seek(hole)
        file.write(b"\n")
    append(log, [(3, b"after\n")])
    with opened(log) as events:
        low, high = events.between(3, None)
        assert [each.message for each in events.backward(high, low)] == ["after"]
