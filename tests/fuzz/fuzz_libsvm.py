"""Looks for libsvm text that is read in two ways, or that the reader dies of.

python tests/fuzz/fuzz_libsvm.py [CORPUS] [-max_total_time=SECONDS]
"""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.text.libsvm import Libsvm

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.lines import text_of, try_text

_WORDS = [
    *(b"1", b"1 ", b"-1 ", b" ", b"\t", b"\n", b"\n", b"\r\n", b":", b"#", b"# 1:2", b"\r"),
    *(b"0:1 ", b"3:0.5 ", b"1:nan ", b"7:", b":2 ", b"1e2:1 ", b"1.5:1 ", b"-1:2 ", b"0:1e400 "),
    *(b"qid:1 ", b"qid:2 ", b"qid:", b"1 qid:3 0:1\n", b"1 0:1 2:3\n", b"9007199254740993:1"),
    *(b"1:2:3 ", b"nan ", b"inf ", b"NA ", b"1:NA ", b'"', b",", b"\xff", b"\xef\xbb\xbf"),
]


def try_one(program: bytes) -> None:
    """Read text that the program makes, with and without a width that is given."""
    choices = atheris.FuzzedDataProvider(program)
    columns = choices.PickValueInList([0, 0, 4, 1 << 40])
    dtype = choices.PickValueInList(["float32", "float64"])
    try_text(Libsvm(columns, dtype), text_of(choices, _WORDS), b"1 no:number")


if __name__ == "__main__":
    fuzz(try_one)
