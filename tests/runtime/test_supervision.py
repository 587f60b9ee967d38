"""What the supervisor notes, and what is read of it."""

from __future__ import annotations

import os

from sm_container.runtime.supervision import open_note, stopped_at, variables, write_note


def test_what_is_noted_is_read() -> None:
    note = open_note()
    assert note is not None
    told = variables(os.getpid(), note)
    assert told["SM_CONTAINER_SUPERVISED"] == str(os.getpid())
    assert stopped_at(told) is None
    write_note(note, 12345.678)
    assert stopped_at(told) == 12345.678
    os.close(note)
    assert stopped_at(told) is None


def test_a_system_without_files_in_memory() -> None:
    told = variables(7, None)
    assert told == {"SM_CONTAINER_SUPERVISED": "7"}
    write_note(None, 1.0)
    assert stopped_at(told) is None
