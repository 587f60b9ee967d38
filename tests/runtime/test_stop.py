"""The request to stop as the algorithm sees it, in one process and in those forked from it."""

from __future__ import annotations

import math
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from sm_container.runtime.stop import Stop, StopTraining


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def handled(stop: Stop) -> Iterator[None]:
    """SIGUSR1 is a request to stop in here."""
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.request())
    yield
    signal.signal(signal.SIGUSR1, before)


class TestRequest:
    def test_before_it(self, stop: Stop) -> None:
        assert not stop.requested
        assert stop.reason is None
        assert stop.seconds_left == math.inf
        assert not stop.wait(0)
        stop.raise_if_requested()

    def test_after_it(self, stop: Stop) -> None:
        stop.request()
        assert stop.requested
        assert stop.reason == "SIGTERM"
        assert 0 < stop.seconds_left <= 120
        assert stop.wait()
        with pytest.raises(StopTraining, match=r"^SIGTERM, 1[12][0-9] s are left$"):
            stop.raise_if_requested()

    def test_the_first_one_counts(self, stop: Stop) -> None:
        stop.request(signal.SIGTERM, time.monotonic() - 100)
        stop.request(signal.SIGINT)
        assert stop.reason == "SIGTERM"
        assert stop.seconds_left <= 20

    def test_the_time_left_ends_at_nothing(self) -> None:
        stop = Stop(seconds=0)
        stop.request()
        assert stop.seconds_left == 0

    def test_who_waits_wakes(self, stop: Stop) -> None:
        threading.Timer(0.05, stop.request).start()
        assert stop.wait(60)

    def test_a_wait_ends_without_one(self, stop: Stop) -> None:
        assert not stop.wait(0.001)
        assert not stop.wait(-1)

    def test_no_exception_catches_it(self) -> None:
        assert not issubclass(StopTraining, Exception)


class TestCallbacks:
    def test_each_once_in_order_when_somebody_looks(self, stop: Stop) -> None:
        called: list[str] = []
        stop.callback(lambda: called.append("first"))

        @stop.callback
        def second() -> None:
            called.append("second")
            assert stop.requested  # looking within one calls none

        assert not stop.requested
        assert called == []
        stop.request()
        assert called == []
        assert stop.requested
        assert called == ["first", "second"]
        second()  # the decorator gives the function back
        assert stop.wait()
        assert called == ["first", "second", "second"]

    def test_one_that_comes_after_the_request(self, stop: Stop) -> None:
        called: list[int] = []
        stop.request()
        assert stop.requested
        stop.callback(lambda: called.append(1))
        with pytest.raises(StopTraining):
            stop.raise_if_requested()
        assert called == [1]

    def test_never_in_another_thread(self, stop: Stop) -> None:
        called: list[bool] = []
        stop.callback(lambda: called.append(threading.current_thread() is threading.main_thread()))
        stop.request()
        looks = threading.Thread(target=lambda: stop.requested)
        looks.start()
        looks.join()
        assert called == []
        stop.run_callbacks()
        assert called == [True]

    def test_never_in_a_section_that_must_be_whole(self, stop: Stop) -> None:
        called: list[int] = []
        stop.callback(lambda: called.append(1))
        with stop.deferred():
            stop.request()
            assert stop.requested
        assert called == []
        assert stop.requested
        assert called == [1]

    def test_those_after_one_that_raises_are_called_too(self, stop: Stop) -> None:
        called: list[int] = []
        stop.callback(lambda: called.append(1 // 0))
        stop.callback(lambda: called.append(2))
        stop.request()
        with pytest.raises(ZeroDivisionError):
            _ = stop.requested
        assert called == [2]
        assert stop.requested

    def test_none_without_a_request(self, stop: Stop) -> None:
        stop.callback(lambda: pytest.fail("nobody asked"))
        stop.run_callbacks()


class TestRaising:
    def test_where_the_signal_comes(self, stop: Stop, handled: None) -> None:
        done: list[str] = []

        def train() -> None:
            with stop.raising():
                signal.raise_signal(signal.SIGUSR1)
                done.append("went on")

        with pytest.raises(StopTraining):
            train()
        assert done == []

    def test_once(self, stop: Stop, handled: None) -> None:
        with stop.raising():
            with pytest.raises(StopTraining):
                signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
            assert stop.requested

    def test_nowhere_else(self, stop: Stop, handled: None) -> None:
        with stop.raising():
            pass
        signal.raise_signal(signal.SIGUSR1)
        assert stop.requested

    def test_at_the_end_of_sections_that_must_be_whole(self, stop: Stop, handled: None) -> None:
        done: list[str] = []

        def save() -> None:
            with stop.deferred():
                with stop.deferred():
                    signal.raise_signal(signal.SIGUSR1)
                    done.append("inner")
                done.append("outer")

        with stop.raising(), pytest.raises(StopTraining):
            save()
        assert done == ["inner", "outer"]

    def test_a_section_that_fails_fails_with_its_own_error(self, stop: Stop, handled: None) -> None:
        def save() -> None:
            with stop.deferred():
                signal.raise_signal(signal.SIGUSR1)
                raise OSError("no space")

        with stop.raising():
            with pytest.raises(OSError, match="no space"):
                save()
            with pytest.raises(StopTraining):  # and the stop comes where somebody looks
                _ = stop.requested

    def test_a_request_of_another_thread_comes_where_the_main_thread_looks(
        self, stop: Stop
    ) -> None:
        asks = threading.Thread(target=stop.request)
        with stop.raising():
            asks.start()
            asks.join()
            with pytest.raises(StopTraining):
                stop.wait()

    def test_a_request_from_before(self, stop: Stop) -> None:
        stop.request()
        with pytest.raises(StopTraining), stop.raising():
            pytest.fail("it begins")

    def test_a_section_of_another_thread_holds_nothing_off(self, stop: Stop, handled: None) -> None:
        inside, leave = threading.Event(), threading.Event()

        def section() -> None:
            with stop.deferred():
                inside.set()
                leave.wait(60)

        thread = threading.Thread(target=section)
        thread.start()
        inside.wait(60)
        try:
            with pytest.raises(StopTraining), stop.raising():
                signal.raise_signal(signal.SIGUSR1)
        finally:
            leave.set()
            thread.join()


class TestOtherProcesses:
    def test_a_forked_child_sees_it_and_calls_nothing(self, stop: Stop) -> None:
        stop.callback(lambda: os._exit(2))
        child = os.fork()
        if not child:
            stop.wait(60)
            with stop.raising(), stop.deferred():
                is_told = stop.requested and stop.reason == "SIGTERM" and stop.seconds_left < 60
            os._exit(0 if is_told else 1)
        stop.request(signal.SIGTERM, time.monotonic() - 100)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_a_copy_knows_what_was_known(self, stop: Stop) -> None:
        stop.callback(lambda: None)  # which cannot be pickled
        early = pickle.loads(pickle.dumps(stop))
        stop.request(signal.SIGTERM, time.monotonic() - 100)
        late = pickle.loads(pickle.dumps(stop))
        assert not early.requested
        assert late.reason == "SIGTERM"
        assert late.seconds_left <= 20

    def test_what_is_copied_with_it_hears_it(self, stop: Stop) -> None:
        called: list[int] = []
        copy, its_signal = pickle.loads(pickle.dumps((stop, stop.signal)))
        copy.callback(lambda: called.append(1))
        copy.request()
        assert its_signal.is_set
        its_signal.heard()
        assert called == [1]
        assert not stop.requested
