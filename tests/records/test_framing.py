"""What is known of a frame without numpy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sm_container.records.framing import HEADER, LARGEST_PART, LENGTH_MASK, MAGIC, padded


def test_the_magic_word_as_it_lies_on_the_disk() -> None:
    assert HEADER.pack(MAGIC, 0) == bytes.fromhex("0a23d7ce00000000")


def test_parts_need_no_padding() -> None:
    assert padded(LARGEST_PART) == LARGEST_PART == LENGTH_MASK - 3
    assert [padded(length) for length in range(6)] == [0, 4, 4, 4, 4, 8]


@pytest.mark.parametrize(
    "module", ["sm_container.records.framing", "sm_container.harness.inputs.feed.program"]
)
def test_who_writes_frames_needs_no_numpy(module: str) -> None:
    program = f"import sys, {module}; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
