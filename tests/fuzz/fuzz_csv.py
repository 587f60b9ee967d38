"""Looks for csv that is read in two ways, or that the reader dies of.

python tests/fuzz/fuzz_csv.py [CORPUS] [-max_total_time=SECONDS]
"""

from __future__ import annotations

from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.text.csv import Csv

from sm_container.records.errors import FormatError, RecordError
from tests.fuzz.fuzzing import fuzz
from tests.fuzz.lines import text_of, try_text

_WORDS = [
    *(b",", b",", b",", b"\n", b"\n", b"\r\n", b"\r", b'"', b'""', b" ", b";", b"\t"),
    *(b"1", b"0.5", b"-2", b"1e3", b"1e400", b"nan", b"NA", b"", b"inf", b"+7", b"0x1", b"a"),
    *(b"a,b\n", b"1,2\n", b'"x",3\n', b"null", b"9223372036854775808", b"\xef\xbb\xbf", b"\xff"),
]


def try_one(program: bytes) -> None:
    """Read text that the program makes, as a matrix and as tables."""
    choices = atheris.FuzzedDataProvider(program)
    delimiter = choices.PickValueInList([",", ",", ";", "\t"])
    dtype = choices.PickValueInList(["float32", "float64"])
    label_size = choices.ConsumeIntInRange(0, 2)
    text = text_of(choices, _WORDS)
    with suppress(FormatError):  # too few columns for the label
        try_text(Csv(label_size, delimiter, dtype=dtype), text, b"no number")
    try_text(Csv(delimiter=delimiter, columns=("a", "b")), text)
    with suppress(FormatError, RecordError):  # columns of one name; a header that is none
        next(iter(Csv(delimiter=delimiter, header=True).batches(text, "fuzz", rows=5)), None)
        try_text(Csv(delimiter=delimiter, header=True), text)


if __name__ == "__main__":
    fuzz(try_one)
