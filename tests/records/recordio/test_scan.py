"""Each way to find frames finds the same ones."""

from __future__ import annotations

import random
from itertools import chain, repeat

import numpy as np
import pytest

from sm_container.records.framing import MAGIC_WORD
from sm_container.records.recordio.scan import magic_words, scan
from tests.records.recordio.plain import framed

chance = random.Random(5)

BLOCKS = {
    "one length": [bytes(40)] * 50,
    "one length but for the last": [*[bytes(40)] * 50, b"x"],
    "one length at first": [*[bytes(40)] * 20, *[bytes(44)] * 40],
    "runs of lengths": list(chain.from_iterable(repeat(bytes(n), 12) for n in range(30))),
    "lengths vary": [bytes(chance.randrange(90)) for _ in range(300)],
    "long payloads": [bytes(chance.randrange(2500, 5000)) for _ in range(40)],
    "magic words in payloads": [MAGIC_WORD * chance.randrange(9) for _ in range(200)],
    "a magic word in one payload": [
        *[bytes(chance.randrange(90)) for _ in range(100)],
        b"abcd" + MAGIC_WORD + b"efgh",
        *[bytes(chance.randrange(90)) for _ in range(100)],
    ],
    "a whole frame in a payload": [
        *[bytes(chance.randrange(90)) for _ in range(100)],
        framed(b"inner") + framed(b"other"),
        *[bytes(chance.randrange(90)) for _ in range(100)],
    ],
    "few": [b"abc", b"", b"defgh"],
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("cut", [0, 1, 3, 4, 5, 8, 12])
@pytest.mark.parametrize("shift", [0, 1])
def test_every_whole_frame_is_found(name: str, cut: int, shift: int) -> None:
    payloads = BLOCKS[name]
    data = b"".join(map(framed, payloads))
    # The shift makes words that do not lie at multiples of 4 in memory.
    block = memoryview(bytes(shift) + data)[shift : shift + len(data) - cut]

    found: list[tuple[int, int]] = []
    begin = 0
    while True:
        frames = scan(block[begin:])
        assert frames.flags is None
        assert not frames.is_broken
        found += zip((frames.starts + begin).tolist(), frames.lengths.tolist(), strict=True)
        if not len(frames.starts):
            break
        begin += frames.end

    places, at = [], 0
    for payload in payloads:
        places.append((at + 8, len(payload)))
        at += len(framed(payload))
    whole = [place for place in places if place[0] + (place[1] + 3) // 4 * 4 <= len(block)]
    assert found == whole


def test_a_run_of_one_length_is_found_by_itself_when_it_is_most_of_the_block() -> None:
    found = scan(memoryview(framed(bytes(40)) * 30 + framed(b"other") * 8))

    assert len(found.starts) == 30
    assert found.needed == len(framed(b"other"))


@pytest.mark.parametrize(
    ("block", "needed"),
    [
        (b"", 8),
        (MAGIC_WORD[:3], 8),
        (MAGIC_WORD + b"\5\0\0", 8),
        (framed(b"abcde")[:8], 16),
        (framed(b"abcde")[:15], 16),
        (framed(b"abcde"), 8),
        (framed(b"abcde") * 20 + framed(bytes(5000))[:100], 5008),
    ],
)
def test_what_is_needed_is_told_from_what_there_is(block: bytes, needed: int) -> None:
    assert scan(memoryview(block)).needed == needed


@pytest.mark.parametrize("before", [b"", framed(b"a"), framed(b"abc") * 20, framed(bytes(4000))])
def test_a_wrong_word_breaks_the_framesand_half_a_word_does_not(before: bytes) -> None:
    broken = scan(memoryview(before + b"none of it"))
    assert broken.is_broken
    assert broken.end == len(before)
    assert not scan(memoryview(before + b"non")).is_broken


def test_flags_are_told_where_there_are_any() -> None:
    flags = scan(memoryview(framed(b"a", 1) + framed(b"b", 3) + framed(b"c"))).flags
    assert flags is not None
    assert flags.tolist() == [1, 3, 0]


def test_magic_words_are_found_in_more_words_than_are_searched_at_once() -> None:
    words = np.zeros((1 << 18) * 2 + 5, np.uint32)
    places = [0, (1 << 18) - 1, 1 << 18, len(words) - 1]
    words[places] = 0xCED7230A

    assert magic_words(words).tolist() == places
