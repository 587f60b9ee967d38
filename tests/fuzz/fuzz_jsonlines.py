"""Looks for JSON lines that are read in two ways, or that the reader dies of.

    python tests/fuzz/fuzz_jsonlines.py [CORPUS] [-max_total_time=SECONDS]

The first half of a text says the kinds of its columns. What pyarrow makes of the second half by
them must be what Python's json makes of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import atheris

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.text.json_columns import by_arrow, column, kind_of
    from sm_container.records.text.jsonlines import JsonLines

from sm_container.records.errors import RecordError
from tests.fuzz.fuzzing import fuzz
from tests.fuzz.lines import text_of, try_text

_WORDS = [
    *(b"{", b"}", b"\n", b"\n", b"\r\n", b",", b":", b'"', b" ", b"[", b"]", b"\\", b"{}\n"),
    *(b'"a":', b'"b":', b"1", b"-2", b"0.5", b"1e400", b"null", b"true", b"NaN", b"Infinity"),
    *(b'"x"', b'"\\u00e9"', b'"\\ud800"', b"[1,2]", b"[1,null]", b"[[1],[2]]", b"[" * 1000),
    *(b'{"a":1}\n', b'{"a":1,"b":"x"}\n', b'{"a":0.5,"b":[1,2]}\n', b'{"a":1,"a":2}\n'),
    *(b"9223372036854775808", b"1" * 400, b"01", b"1.", b"\xff", b"\xef\xbb\xbf"),
    *(b'{"a":{"b":1}}\n', b"null\n", b'{"a":1}{"a":2}\n\n'),
]  # fmt: skip


def try_one(program: bytes) -> None:
    """Read text that the program makes."""
    choices = atheris.FuzzedDataProvider(program)
    columns = choices.PickValueInList([(), (), ("a",), ("a", "c")])
    text = text_of(choices, _WORDS)
    with suppress(RecordError):  # a field that turns up later is one whatever the policy says
        try_text(JsonLines(columns), text, b"{")
    _try_arrow(text, choices.PickValueInList([False, True]))


def _try_arrow(text: bytes, ignores_others: bool) -> None:
    at = text.find(b"\n", len(text) // 2) + 1
    try:
        first = list(JsonLines().records(text[:at], "fuzz"))
    except RecordError:
        return
    names = dict.fromkeys(name for line in first for name in line)
    kinds = {name: kind_of(column([line.get(name) for line in first])) for name in names}
    found = by_arrow(text[at:], kinds, ignores_others=ignores_others)
    if found is None:
        return
    lines = list(JsonLines().records(text[at:], "fuzz"))
    if not ignores_others:
        assert {name for line in lines for name in line} <= set(kinds), text
    for name, kind in kinds.items():
        expected: Any = column([line.get(name) for line in lines], kind)
        assert repr(found[name].tolist()) == repr(expected.tolist()), (name, kind, text)
        assert found[name].dtype == expected.dtype, (name, kind, text)


if __name__ == "__main__":
    fuzz(try_one)
