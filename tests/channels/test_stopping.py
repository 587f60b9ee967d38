from __future__ import annotations

import os
import pickle
import select
import signal
import threading

from sm_container.channels.stopping import StopSignal


def is_readable(stop: StopSignal) -> bool:
    return bool(select.select([stop], [], [], 0)[0])


def test_set_once_and_for_all(no_leaks: None) -> None:
    stop = StopSignal()
    assert not stop.is_set
    assert not is_readable(stop)
    stop.set()
    stop.set()
    assert stop.is_set
    assert is_readable(stop)


def test_a_poll_wakes_at_once() -> None:
    stop = StopSignal()
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    threading.Timer(0.05, stop.set).start()
    assert poll.poll(30_000) == [(stop.fileno(), select.POLLIN)]


def test_a_signal_handler_may_set_it() -> None:
    stop = StopSignal()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert stop.is_set


def forked(stop: StopSignal, sets: bool) -> int:
    """A child that exits with 1 where it finds the signal set, within a while."""
    child = os.fork()
    if child:
        return child
    if sets:
        stop.set()
        os._exit(int(stop.is_set))
    select.select([stop], [], [], 30)
    os._exit(int(stop.is_set))


def test_a_child_hears_its_parent() -> None:
    stop = StopSignal()
    child = forked(stop, sets=False)
    stop.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_a_child_does_not_stop_its_parent() -> None:
    stop = StopSignal()
    child = forked(stop, sets=True)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert not stop.is_set
    assert not is_readable(stop)


def test_a_pickle_is_a_signal_of_its_own() -> None:
    stop = StopSignal()
    copy = pickle.loads(pickle.dumps(stop))
    copy.set()
    assert not stop.is_set
    assert pickle.loads(pickle.dumps(copy)).is_set


def test_who_set_it_and_when() -> None:
    stop = StopSignal()
    assert (stop.number, stop.set_at) == (0, None)
    stop.set(signal.SIGTERM, 17.5)
    stop.set(signal.SIGINT, 18.5)
    assert (stop.number, stop.set_at) == (signal.SIGTERM, 17.5)
    copy = pickle.loads(pickle.dumps(stop))
    assert (copy.number, copy.set_at) == (signal.SIGTERM, 17.5)


def test_a_child_knows_who_set_it_and_when() -> None:
    stop = StopSignal()
    child = os.fork()
    if not child:
        select.select([stop], [], [], 30)
        os._exit(int((stop.number, stop.set_at) == (signal.SIGTERM, 17.5)))
    stop.set(signal.SIGTERM, 17.5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
