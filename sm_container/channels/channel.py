"""One channel of a job: its files where the mode has files, its records in every mode.

Source: developer guide, "How Amazon SageMaker Provides Training Information", Training Data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_container.channels.errors import ChannelError
from sm_container.channels.passes import Pass, PassNumbers
from sm_container.channels.stopping import StopSignal
from sm_container.contract.inputs import ChannelConfig, Distribution, InputMode
from sm_container.contract.layout import Layout
from sm_container.records.errors import OnFault

if TYPE_CHECKING:
    from sm_container.channels.lazy import ChannelFile
    from sm_container.records.batch import Batch
    from sm_container.records.format import Record


@dataclass(frozen=True)
class InputChannel:
    """A channel as this host has it.

    ``batches()`` and ``records()`` read it in every input mode. ``path``, ``files()`` and
    ``open()`` are for File and FastFile mode, which have files. ``attributes`` are those that the
    algorithm declares of an augmented manifest, ``declared_type`` the content type, where it
    declares a single one; ``stop`` ends what waits for bytes.
    """

    name: str
    config: ChannelConfig
    layout: Layout
    attributes: tuple[str, ...] = ()
    declared_type: str | None = None
    stop: StopSignal = field(default_factory=StopSignal, compare=False, repr=False)
    numbers: PassNumbers = field(default_factory=PassNumbers, compare=False, repr=False)

    @property
    def content_type(self) -> str | None:
        """The request's ContentType, else the one that the algorithm declares."""
        return self.config.content_type or self.declared_type

    def batches(
        self,
        rows: int = 65_536,
        *,
        shuffle: int | tuple[int, int] | None = None,
        shard: tuple[int, int] = (0, 1),
        prefetch: int = 2,
        on_fault: OnFault = OnFault.RAISE,
        timeout: float | None = None,
        content_type: str | None = None,
        attributes: Sequence[str] = (),
        **options: Any,
    ) -> Pass[Batch]:
        """The next pass over the channel, as batches of exactly ``rows`` rows but for the last.

        A batch is a mapping of columns, arrays that are the caller's to keep: ``features`` and
        ``label`` for formats that say no names. Each call is one pass, which begins when its
        first batch is asked for. In Pipe mode it opens the next FIFO, numbered from 0 in each
        container; one that is left early is over, and the next pass is the next epoch.

        ``shuffle`` is a seed: files come in another order each pass, and rows are mixed within a
        window of eight batches; the same for the same seed, pass and data. A pair of a seed and an
        epoch is the order of that epoch, whatever pass of this process it is: so that a job which
        goes on after an interruption sees what it would have seen. ``shard=(i, n)`` is
        for worker i of n on this host: every n-th file. ``prefetch`` batches are made ahead by a
        thread (0: none). ``on_fault`` says what to do at a damaged record. ``timeout`` is how
        many seconds Pipe mode waits for the FIFO and for each next byte. ``content_type`` stands
        in for the channel's own; without any the files' names tell the format. ``options`` are
        the format's (``label_size``, ``columns``, ``multipart``). ``attributes`` are those of an
        augmented manifest, in the order of AttributeNames.

        The pass ends early, between two records, once the job is asked to stop. A share without
        objects and an epoch without bytes are passes without batches.

        Raises ChannelError for a channel that cannot be read so, and says what to change;
        ChannelTimeoutError; RecordError for a damaged record.
        """
        from sm_container.channels.reading import Reading  # numpy comes with it

        names = tuple(attributes)
        return Reading(
            self, shuffle, shard, prefetch, on_fault, timeout, content_type, names, options
        ).batches(rows)

    def records(
        self,
        *,
        shuffle: int | tuple[int, int] | None = None,
        shard: tuple[int, int] = (0, 1),
        prefetch: int = 2,
        on_fault: OnFault = OnFault.RAISE,
        timeout: float | None = None,
        content_type: str | None = None,
        attributes: Sequence[str] = (),
        **options: Any,
    ) -> Pass[Record]:
        """The next pass over the channel, one mapping a record; all else is as in `batches`.

        The names are those of a batch's columns. ``shuffle`` mixes records within a window of
        1024. Columns are far quicker than single records where those are small.
        """
        from sm_container.channels.reading import Reading

        names = tuple(attributes)
        return Reading(
            self, shuffle, shard, prefetch, on_fault, timeout, content_type, names, options
        ).records()

    @property
    def path(self) -> Path:
        """The channel's folder; raises ChannelError in Pipe mode, which has none."""
        if self.config.training_input_mode is InputMode.PIPE:
            raise ChannelError(
                [
                    f"channel {self.name} comes in Pipe mode, which has no folder; "
                    "set its InputMode to File or FastFile, or read batches() or records()"
                ]
            )
        return self.layout.channel(self.name)

    def files(self) -> list[Path]:
        """Every file of the channel, also in folders below, in the order of their names.

        That is the order of the objects' keys in S3. The manifest that the service puts beside
        the channel's folder is not among them. A host that got no object of a sharded channel
        has an empty list; otherwise a missing folder raises ChannelError.
        """
        folder = self.path
        if not folder.is_dir():
            if self.config.s3_distribution_type == Distribution.SHARDED_BY_S3_KEY:
                return []
            raise ChannelError([f"channel {self.name} has no folder {folder}; check its S3Uri"])
        return [folder / os.fsdecode(name) for name in sorted(_names_below(os.fsencode(folder)))]

    def open(self, name: str | os.PathLike[str]) -> ChannelFile:
        """A file of the channel by its name below ``path``, or as ``files()`` has it, for reading.

        It can be sought in, and pickled for a worker process, where it is opened anew. In
        FastFile mode nothing is read until asked for, and then ahead. Raises ChannelError where
        there is no such file, and in Pipe mode.
        """
        from sm_container.channels.lazy import opened

        folder = self.path
        path = folder / name
        if not path.is_relative_to(folder) or ".." in path.relative_to(folder).parts:
            raise ChannelError([f"{os.fspath(name)!r} is not a name below {folder}"])
        try:
            return opened(path, is_lazy=self.config.training_input_mode is InputMode.FAST_FILE)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ChannelError(
                [f"channel {self.name} has no file {os.fspath(name)!r}; files() has those it has"]
            ) from None


def _names_below(folder: bytes) -> Iterator[bytes]:
    """The names of all files, relative to the folder; links to folders are not entered."""
    prefixes = [b""]
    while prefixes:
        prefix = prefixes.pop()
        with os.scandir(os.path.join(folder, prefix)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    prefixes.append(prefix + entry.name + b"/")
                elif entry.is_file():
                    yield prefix + entry.name
