"""A pass: one time through a channel's records, from the first to the last or an early close."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from sm_container.channels.errors import ChannelError
from sm_container.channels.prefetch import InTurn, Prefetch
from sm_container.channels.stopping import StopSignal

T = TypeVar("T")


class PassNumbers:
    """The numbers of a channel's passes, from 0 in each process, and the pass that runs alone."""

    def __init__(self, following: int = 0) -> None:
        self._following = following
        self._running: Prefetch[Any] | InTurn[Any] | None = None
        self._lock = threading.Lock()

    def take(self) -> int:
        """The number of a pass that begins."""
        with self._lock:
            number, self._following = self._following, self._following + 1
            return number

    def take_alone(self, makes: Prefetch[Any] | InTurn[Any]) -> int:
        """The same for a pass beside which there is to be no other.

        Raises ChannelError while another is read; waits for one that was closed to be gone.
        """
        before = self._running
        if before is not None:
            if not before.cancelled.is_set:
                raise ChannelError(
                    [
                        f"{before.name} is still being read, and in Pipe mode one epoch comes "
                        "after another; read it to its end or close() it before the next pass"
                    ]
                )
            before.join()
        self._running = makes
        return self.take()

    def release(self, makes: Prefetch[Any] | InTurn[Any]) -> None:
        """A pass has ended, and nothing of it is left."""
        if self._running is makes:
            self._running = None

    def give_back(self, number: int) -> None:
        """The pass did not come about, and the next one has its number."""
        with self._lock:
            if self._following == number + 1:
                self._following = number

    def __reduce__(self) -> tuple[object, ...]:
        return PassNumbers, (self._following,)  # a pass and a lock stay in their process


@dataclass(frozen=True)
class Start:
    """What the maker of a pass's items is told when it begins.

    It gives up once ``cancelled`` is set, and calls ``before_wait`` before it waits for bytes.
    """

    number: int
    cancelled: StopSignal
    before_wait: Callable[[], None]


@dataclass(frozen=True)
class Plan(Generic[T]):
    """How a pass is made. It begins when its first item is asked for.

    ``ahead`` groups of items, each of what is made within ``group_seconds``, are made before they
    are asked for, by a thread; with 0 all is done in the caller's. Where ``is_alone``, no other
    pass of the channel may run meanwhile.
    """

    name: str
    items: Callable[[Start], Generator[T]]
    numbers: PassNumbers
    stop: StopSignal
    is_alone: bool
    ahead: int
    group_seconds: float


class Pass(Iterator[T]):
    """One time through a channel: an iterator that may be closed before its end.

    It ends by itself once the job is asked to stop, and says so to who asked. Leaving a loop over
    it early is fine: it is closed with its last reference, or by ``close()``, or at the end of a
    ``with``.
    """

    def __init__(self, plan: Plan[T]) -> None:
        self._plan = plan
        self._makes: Prefetch[T] | InTurn[T] | None = None
        self._group: Iterator[T] = iter(())
        self._is_over = False
        self._process = os.getpid()

    def __iter__(self) -> Pass[T]:
        return self

    def __next__(self) -> T:
        if self._plan.stop.is_set:
            self.close()
        for item in self._group:
            return item
        return self._first_of_next_group()

    def close(self) -> None:
        """End the pass here, and wait until its thread is gone and its files are closed."""
        self._is_over = True
        self._group = iter(())
        makes, self._makes = self._makes, None
        if makes is not None:
            makes.cancel()
            if os.getpid() == self._process:  # elsewhere the thread is not
                makes.join()
                self._plan.numbers.release(makes)

    def __enter__(self) -> Pass[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_makes", None) is not None:
            self._makes.cancel()  # type: ignore[union-attr]

    def _first_of_next_group(self) -> T:
        if self._is_over:
            raise self._end()
        if self._makes is None:
            self._makes = self._begun()
        if os.getpid() != self._process:
            raise ChannelError(
                [
                    f"{self._plan.name} was begun before this process was forked, and its parent "
                    "reads it; call batches() or records() in the worker itself"
                ]
            )
        try:
            group = self._makes.take(self._plan.stop)
        except BaseException:
            self.close()
            raise
        if not group:
            self.close()
            raise self._end()
        self._group = iter(group)
        return next(self._group)

    def _end(self) -> StopIteration:
        if self._plan.stop.is_set:
            self._plan.stop.heard()
        return StopIteration()

    def _begun(self) -> Prefetch[T] | InTurn[T]:
        plan = self._plan
        self._process = os.getpid()
        makes = (
            Prefetch[T](plan.name, plan.ahead, plan.group_seconds)
            if plan.ahead
            else InTurn[T](plan.name)
        )
        number = plan.numbers.take_alone(makes) if plan.is_alone else plan.numbers.take()
        makes.start(plan.items(Start(number, makes.cancelled, makes.flush)))
        return makes
