"""What one call of ``batches()`` or ``records()`` asks for, and the pass that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sm_container.channels import sources
from sm_container.channels.errors import ChannelError
from sm_container.channels.formats import Choice
from sm_container.channels.passes import Pass, Plan, Start
from sm_container.channels.pipe import Interrupted
from sm_container.channels.shuffling import (
    Shuffle,
    order_of,
    require_shuffle,
    shuffled_batches,
    shuffled_records,
)
from sm_container.channels.sources import Part
from sm_container.contract.inputs import InputMode
from sm_container.records.batch import Batch, rebatched
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.faults import end
from sm_container.records.format import Record

if TYPE_CHECKING:
    from sm_container.channels.channel import InputChannel

T = TypeVar("T")

_RECORDS_SECONDS = 0.01
"""Single records are handed over as often as this: small ones many at once."""


@dataclass(frozen=True)
class Reading:
    """The arguments of one call, checked when it is made. Raises ValueError and ChannelError."""

    channel: InputChannel
    shuffle: Shuffle | None
    shard: tuple[int, int]
    prefetch: int
    on_fault: OnFault
    timeout: float | None
    content_type: str | None
    attributes: tuple[str, ...]
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        worker, workers = self.shard
        if not 0 <= worker < workers:
            raise ValueError(f"shard is {self.shard}; give (i, n) with i from 0 to n - 1")
        if self.shuffle is not None:
            require_shuffle(self.shuffle)
        if not isinstance(self.on_fault, OnFault):
            raise ValueError(f"on_fault is {self.on_fault!r}; give OnFault.RAISE, SKIP or STOP")
        if self.prefetch < 0:
            raise ValueError(f"prefetch is {self.prefetch}; give a count of batches from 0 on")
        if self.timeout is not None and self.timeout <= 0:
            raise ValueError(f"timeout is {self.timeout}; give seconds above 0, or None")
        if self._is_pipe and workers > 1:
            raise ChannelError(
                [
                    f"channel {self.channel.name} comes in Pipe mode, where a FIFO has one reader: "
                    "read it in one process, or set its InputMode to File or FastFile for shards"
                ]
            )

    def batches(self, rows: int) -> Pass[Batch]:
        """The next pass, in batches of ``rows``."""
        if rows < 1:
            raise ValueError(f"rows is {rows}; give at least 1")
        return self._pass(partial(self._batches, self._parts(), rows), 0)

    def records(self) -> Pass[Record]:
        """The next pass, record by record."""
        return self._pass(partial(self._records, self._parts()), _RECORDS_SECONDS)

    @property
    def _is_pipe(self) -> bool:
        return self.channel.config.training_input_mode is InputMode.PIPE

    @property
    def _inside(self) -> OnFault:
        """What a part does at a fault: with STOP it raises, since it would end itself alone."""
        return OnFault.RAISE if self.on_fault is OnFault.STOP else self.on_fault

    def _pass(self, items: Callable[[Start], Generator[T]], group_seconds: float) -> Pass[T]:
        return Pass(
            Plan(
                name=f"channel {self.channel.name}",
                items=items,
                numbers=self.channel.numbers,
                stop=self.channel.stop,
                is_alone=self._is_pipe,
                ahead=self.prefetch,
                group_seconds=group_seconds,
            )
        )

    def _parts(self) -> Callable[[Start], Generator[Part]]:
        """What opens the bytes of a pass; their format is settled now, as far as can be."""
        choice = Choice(self.channel, self.content_type, self.attributes, self.options)
        if self._is_pipe:
            return partial(
                sources.stream, self.channel, choice.of_stream(), self.timeout, self.prefetch > 0
            )
        choice.check_files()
        return partial(sources.files, self.channel, choice, self.shuffle, self.shard)

    def _batches(
        self, parts: Callable[[Start], Generator[Part]], rows: int, start: Start
    ) -> Generator[Batch]:
        def of(part: Part) -> Iterator[Batch]:
            return part.objects.batches(part.source, part.name, rows=rows, on_fault=self._inside)

        with suppress(Interrupted), closing(parts(start)) as opened:
            read = self._all(opened, of, start)
            if self.shuffle is None:
                yield from rebatched(read, rows)
            else:
                seed, number = order_of(self.shuffle, start.number)
                yield from shuffled_batches(read, rows, seed, number, self.shard[0])

    def _records(
        self, parts: Callable[[Start], Generator[Part]], start: Start
    ) -> Generator[Record]:
        def of(part: Part) -> Iterator[Record]:
            return part.objects.records(part.source, part.name, on_fault=self._inside)

        with suppress(Interrupted), closing(parts(start)) as opened:
            read = self._all(opened, of, start)
            if self.shuffle is None:
                yield from read
            else:
                seed, number = order_of(self.shuffle, start.number)
                yield from shuffled_records(read, seed, number, self.shard[0])

    def _all(
        self, parts: Iterable[Part], of: Callable[[Part], Iterator[T]], start: Start
    ) -> Iterator[T]:
        """The items of all parts, up to a stop or a close, also where many make one batch.

        With OnFault.STOP they end before a damaged record in any part.
        """
        stop, cancelled = self.channel.stop, start.cancelled
        try:
            for part in parts:
                for item in of(part):
                    if stop.is_set or cancelled.is_set:
                        raise Interrupted(f"channel {self.channel.name} is not read any further")
                    yield item
                    del item  # or it would stay in memory until the next one is made
        except RecordError as fault:
            if self.on_fault is not OnFault.STOP:
                raise
            end(fault, self.on_fault)
