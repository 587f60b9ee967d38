"""What becomes of a record that cannot be read: raised, left out, or the end of the pass."""

from __future__ import annotations

import logging
import threading

from sm_container.records.errors import OnFault, RecordError

_log = logging.getLogger("sm_container.records")


class _Here(threading.local):
    """What a format that ends its source early cannot say to who reads several sources."""

    stop: RecordError | None = None


_here = _Here()


class StopHere(Exception):
    """The pass ends before a record that cannot be read, as OnFault.STOP says."""


def met(fault: RecordError, on_fault: OnFault) -> None:
    """Raise the fault, or warn in the log and go on, or warn and raise StopHere."""
    if on_fault is OnFault.RAISE:
        raise fault
    if on_fault is OnFault.STOP:
        _log.warning("%s; reading ends before it", fault)
        _here.stop = fault
        raise StopHere
    _log.warning("%s; left out", fault)


def last_stop() -> RecordError | None:
    """The fault before which reading last ended in this thread, by OnFault.STOP.

    A format ends its source there as at its end; who has more sources looks whether it did.
    """
    return _here.stop
