"""Whether a start went on from what was restored for it."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.testing.survival.restored import Restored


@dataclass(frozen=True)
class Resumption:
    """Whether the start after the fault went on, and ``how`` in words."""

    resumed: bool
    how: str


def resumption_of(start: Restored) -> Resumption:
    """What a start, which has ended, made of what it was given."""
    if not start.files:
        return Resumption(False, "begun again from nothing")
    if start.has_library_checkpoints and start.step is None:
        return Resumption(False, "begun again: no checkpoint that was restored is whole")
    if start.was_read() is False:
        return Resumption(False, "begun again: nothing that was restored was read")
    again = start.repeated_step
    if again is not None:
        return Resumption(False, f"begun again: step {again} was saved once more")
    if start.step is not None:
        return Resumption(True, f"resumed from step {start.step}")
    files = "1 file" if len(start.files) == 1 else f"{len(start.files)} files"
    seen = "" if start.was_read() else " (whether they were read is not known on this disk)"
    return Resumption(True, f"resumed from {files}{seen}")
