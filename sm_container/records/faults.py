"""What becomes of a record that cannot be read: left out, or else raised or the end of the pass.

Whoever reads asks first whether it is left out. If not, the records before it are handed over, and
then the pass ends there.
"""

from __future__ import annotations

import logging

from sm_container.records.errors import OnFault, RecordError

_log = logging.getLogger("sm_container.records")


def is_left_out(fault: RecordError, on_fault: OnFault) -> bool:
    """Whether reading goes on behind the record; then a warning in the log says so."""
    if on_fault is OnFault.SKIP:
        _warn("%s; left out", fault)
    return on_fault is OnFault.SKIP


def end(fault: RecordError, on_fault: OnFault) -> None:
    """End a pass, all that comes before the record being handed over: raise the fault, or warn."""
    if on_fault is not OnFault.STOP:
        raise fault
    _warn("%s; reading ends before it", fault)


def _warn(message: str, fault: RecordError) -> None:
    # Who keeps the log would keep the frames of those who read, and so their buffers and files.
    fault.__traceback__ = None
    _log.warning(message, fault)
