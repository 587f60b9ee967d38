"""What an engine says of a start that fails, and what is made of it."""

from __future__ import annotations

import pytest

from sm_container.harness.engines.attached import lacks_memory

MIB = 1 << 20


@pytest.mark.parametrize(
    ("said", "limit", "expected"),
    [
        ("runc create failed: unable to set memory limit to 1048576 (current", MIB, True),
        ("container init was OOM-killed (memory limit too low?)", 64 * MIB, True),
        ("podman start: `/usr/bin/runc start 1f` failed: exit status 1", 6 * MIB, True),
        ("podman start: `/usr/bin/runc start 1f` failed: exit status 1", 512 * MIB, False),
        ("podman start: `/usr/bin/runc start 1f` failed: exit status 1", None, False),
        ("start: no space left on device", MIB, False),
    ],
)
def test_a_start_without_memory(said: str, limit: int | None, expected: bool) -> None:
    assert lacks_memory(said, limit) is expected
