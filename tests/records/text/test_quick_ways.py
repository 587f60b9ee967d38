"""What pyarrow would read otherwise than the careful ways do, or die of; found by fuzzers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sm_container.records.errors import OnFault, RecordError
from sm_container.records.format import Format
from sm_container.records.text.csv import Csv
from sm_container.records.text.json_columns import by_arrow
from sm_container.records.text.jsonlines import JsonLines
from sm_container.records.text.libsvm import Libsvm
from sm_container.records.text.lines import BLOCK

KINDS = {"a": "int64"}
_MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("form", "data", "index", "offset"),
    [
        (Csv(0), b"1\n2\r3\n4\n", 1, 2),
        (Csv(columns=("a",)), b"1\n2\r3\n4\n", 1, 2),
        (Csv(0), _MARK + _MARK + b"1\n2\n4\n", 0, 3),
        (Libsvm(), b'1 0:1\n"2" 0:3\n4 0:5\n', 1, 6),
        (Libsvm(), _MARK + _MARK + b"1 0:1\n2 0:3\n4 0:5\n", 0, 3),
        (JsonLines(), b'{"a": 1}\nnull\n{"a": 2}\n', 1, 9),
    ],
)
def test_a_line_that_only_pyarrow_could_read_is_a_fault(
    form: Format, data: bytes, index: int, offset: int
) -> None:
    with pytest.raises(RecordError) as raised:
        list(form.batches(data, "train/a", rows=100))
    assert (raised.value.index, raised.value.offset) == (index, offset)
    kept = list(form.batches(data, "train/a", rows=100, on_fault=OnFault.SKIP))
    assert sum(batch.rows for batch in kept) == 2


@pytest.mark.parametrize("policy", [OnFault.SKIP, OnFault.STOP])
def test_a_later_block_that_is_null_alone(policy: OnFault) -> None:
    """pyarrow's reader of JSON dies of it, so this is a process of its own."""
    program = f"""
import sys
from sm_container.records.errors import OnFault
from sm_container.records.text.jsonlines import JsonLines
line, null = b'{{"a": 1}}' + b' ' * 55 + b'\\n', b'null\\n'
data = line * ({BLOCK} // len(line)) + null
assert {BLOCK} % len(line) == 0
read = JsonLines().batches(data, "s", rows=1 << 20, on_fault=OnFault.{policy.name})
print(sum(batch.rows for batch in read))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{BLOCK // 64}\n"), done.stderr


@pytest.mark.parametrize(
    "block",
    [
        b'{"a": 1}\nnull\n',
        b'{"a": 1}null\n{"a": 2}\n',
        b'{"a": 1}{"a": 2}\n\n',
        b'{"a":\n1}{"a": 2}\n{"a": 3}\n',
        b"null\n",
        _MARK + b'{"a": 1}\n',
    ],
)
def test_what_is_not_one_object_a_line_is_left_to_the_careful_way(block: bytes) -> None:
    assert by_arrow(block, KINDS, ignores_others=False) is None


@pytest.mark.parametrize(
    "block",
    [
        b'{"a": 1}\n{"a": 2}\n',
        b'{"a": 1}\n{"a": 2}',
        b'{"a": 1}\r\n{"a": 2}\r\n',
        b'\n {"a": 1} \n\n\t{"a": 2}\n\n',
    ],
)
def test_one_object_a_line_is_read_the_quick_way(block: bytes) -> None:
    found: Any = by_arrow(block, KINDS, ignores_others=False)
    np.testing.assert_array_equal(found["a"], [1, 2])


@pytest.mark.parametrize("first", [b"\n" * BLOCK, b"\xff" * (BLOCK - 1) + b"\n"])
def test_a_first_block_without_a_row_says_nothing_of_the_width(first: bytes) -> None:
    batches = Csv(0).batches(first + b"1,2\n3,4\n", "s", rows=10, on_fault=OnFault.SKIP)
    features = np.concatenate([np.asarray(batch["features"]) for batch in batches])
    np.testing.assert_array_equal(features, [[1, 2], [3, 4]])
