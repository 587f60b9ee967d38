"""What is wrong with a record and where it lies, and what is to be done about it."""

from __future__ import annotations

from enum import Enum


class OnFault(Enum):
    """What to do at a record that cannot be read."""

    RAISE = "raise"
    """Raise RecordError. The default: damaged data is not silently less data."""
    SKIP = "skip"
    """Go on with the next record that can be read, with one warning for each that is left out."""
    STOP = "stop"
    """End the pass before it, with a warning."""


class RecordError(ValueError):
    """A record that cannot be read.

    ``source`` is the file or channel, ``index`` the record's number in it from 0, ``offset`` the
    byte at which the record begins; each None where it is not known.
    """

    def __init__(
        self,
        what: str,
        *,
        source: str | None = None,
        index: int | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(what, source, index, offset)
        self.what = what
        self.source = source
        self.index = index
        self.offset = offset

    def __str__(self) -> str:
        where = [
            *([self.source] if self.source else []),
            *([f"record {self.index}"] if self.index is not None else []),
            *([f"byte {self.offset}"] if self.offset is not None else []),
        ]
        return f"{', '.join(where)}: {self.what}" if where else self.what

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross from worker processes; keyword arguments do not survive by themselves.
        return (_rebuilt, (self.what, self.source, self.index, self.offset))


class FormatError(ValueError):
    """A format cannot hold what is asked of it, or a content type is not known here."""


def _rebuilt(what: str, source: str | None, index: int | None, offset: int | None) -> RecordError:
    return RecordError(what, source=source, index=index, offset=offset)
