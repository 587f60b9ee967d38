"""The manifest of a checkpoint: every bit of it counts, and it names nothing out of its folder."""

from __future__ import annotations

import json
import math
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.contract.checkpoint_manifest import (
    MANIFEST_NAME,
    PIECE_BYTES,
    UNFINISHED_MANIFEST_NAME,
    CheckpointFile,
    CheckpointManifest,
    TornError,
    checksum,
    is_safe_name,
    pieces,
)
from sm_container.contract.errors import ContractError

NAMES = st.text("abcé /.-", min_size=1, max_size=12).filter(is_safe_name)
MANIFEST = CheckpointManifest(
    step=42,
    host="algo-1",
    time="2026-11-28T03:15:10.479+00:00",
    files=(CheckpointFile("a/weights.bin", 3, ("352441c2",)), CheckpointFile("empty", 0, ())),
    metrics={"validation:rmse": 0.25, "loss": math.inf},
)
WRITTEN = (
    b'{"format":1,"step":42,"host":"algo-1","time":"2026-11-28T03:15:10.479+00:00",'
    b'"metrics":{"validation:rmse":0.25,"loss":"inf"},"piece_bytes":67108864,'
    b'"files":[{"name":"a/weights.bin","size":3,"crc32":["352441c2"]},'
    b'{"name":"empty","size":0,"crc32":[]}],"crc32":"%08x"}'
)


@st.composite
def manifests(draw: st.DrawFn) -> CheckpointManifest:
    piece_bytes = draw(st.integers(1, 100))
    sums = st.lists(st.text("0123456789abcdef", min_size=8, max_size=8), max_size=4)
    return CheckpointManifest(
        draw(st.integers(0, 10**12 - 1)),
        draw(st.text(max_size=5)),
        draw(st.text(max_size=5)),
        tuple(
            CheckpointFile(name, len(each) * piece_bytes, tuple(each))
            for name, each in draw(st.dictionaries(NAMES, sums, max_size=3)).items()
        ),
        draw(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=3)),
        piece_bytes,
    )


def test_it_is_json_with_a_checksum_of_all_before() -> None:
    content = MANIFEST.to_bytes()
    before = WRITTEN.rpartition(b',"crc32"')[0]
    assert content == WRITTEN % zlib.crc32(before)
    assert json.loads(content)["metrics"] == {"validation:rmse": 0.25, "loss": "inf"}
    assert MANIFEST.size == 3


@given(manifests())
def test_it_is_read_back(manifest: CheckpointManifest) -> None:
    assert CheckpointManifest.from_bytes(manifest.to_bytes()) == manifest


def test_a_value_that_is_no_number_comes_back() -> None:
    manifest = CheckpointManifest(1, "h", "t", (), {"loss": math.nan})
    assert math.isnan(CheckpointManifest.from_bytes(manifest.to_bytes()).metrics["loss"])


def test_no_flipped_bit_goes_unseen() -> None:
    content = MANIFEST.to_bytes()
    for index in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[index // 8] ^= 1 << index % 8
        with pytest.raises(ContractError):
            CheckpointManifest.from_bytes(bytes(damaged))


def test_no_lost_end_goes_unseen() -> None:
    content = MANIFEST.to_bytes()
    for length in range(len(content)):
        with pytest.raises(TornError):
            CheckpointManifest.from_bytes(content[:length])


@given(st.binary(max_size=60))
def test_anything_else_is_a_contract_error(content: bytes) -> None:
    with pytest.raises(ContractError):
        CheckpointManifest.from_bytes(content)


def resealed(**members: Any) -> bytes:
    """The manifest with other members, and the checksum that belongs to them."""
    document = {**json.loads(MANIFEST.to_bytes()), **members}
    del document["crc32"]
    content = json.dumps(document).encode().removesuffix(b"}")
    return b'%s,"crc32":"%08x"}' % (content, zlib.crc32(content))


def a_file(**members: Any) -> dict[str, Any]:
    return {"name": "a", "size": 1, "crc32": ["00000000"], **members}


@pytest.mark.parametrize(
    "members",
    [
        {"files": [a_file(name="../a")]},
        {"files": [a_file(name="/etc/passwd")]},
        {"files": [a_file(name="a//b")]},
        {"files": [a_file(name="a\0b")]},
        {"files": [a_file(name="")]},
        {"files": [a_file(name=".")]},
        {"files": [a_file(name=MANIFEST_NAME)]},
        {"files": [a_file(name=UNFINISHED_MANIFEST_NAME)]},
        {"files": [a_file(name="a.sagemaker-uploaded")]},
        {"files": [a_file(size=-1, crc32=[])]},
        {"files": [a_file(crc32=[])]},
        {"files": [a_file(size=PIECE_BYTES + 1)]},
        {"files": [a_file(crc32="00000000")]},
        {"files": "a"},
        {"metrics": {"loss": "low"}},
        {"metrics": {"loss": [1]}},
        {"metrics": {"loss": True}},
        {"metrics": None},
        {"piece_bytes": 0},
        {"step": "42"},
        {"format": None},
    ],
    ids=str,
)
def test_a_manifest_that_leads_elsewhere_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        CheckpointManifest.from_bytes(resealed(**members))


def test_a_later_format_is_told_apart() -> None:
    content = json.dumps({"format": 2, "all": "else"}).encode()
    with pytest.raises(ContractError, match=r"has format 2, .* no later one than 1") as caught:
        CheckpointManifest.from_bytes(content)
    assert not isinstance(caught.value, TornError)


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    (hostile_tmp_path / "a").mkdir()
    (hostile_tmp_path / "a" / "weights.bin").write_bytes(b"abc")
    (hostile_tmp_path / "empty").touch()
    (hostile_tmp_path / MANIFEST_NAME).write_bytes(MANIFEST.to_bytes())
    return hostile_tmp_path


def test_a_whole_folder_is_whole(folder: Path) -> None:
    (folder / "empty.sagemaker-uploaded").touch()
    manifest = CheckpointManifest.read(folder)
    manifest.check_sizes(folder)
    manifest.check_piece(folder, manifest.files[0], 0)


def test_a_missing_manifest_says_so(folder: Path) -> None:
    (folder / MANIFEST_NAME).unlink()
    with pytest.raises(TornError, match="is missing: the checkpoint was not finished"):
        CheckpointManifest.read(folder)


def test_a_manifest_that_is_a_folder(folder: Path) -> None:
    (folder / MANIFEST_NAME).unlink()
    (folder / MANIFEST_NAME).mkdir()
    with pytest.raises(ContractError, match="cannot be read") as caught:
        CheckpointManifest.read(folder)
    assert not isinstance(caught.value, TornError), "nobody knows what is in it"


def test_a_missing_file_is_seen(folder: Path) -> None:
    (folder / "empty").unlink()
    with pytest.raises(TornError, match=r"empty: is not there"):
        MANIFEST.check_sizes(folder)


def test_a_short_file_is_seen(folder: Path) -> None:
    (folder / "a" / "weights.bin").write_bytes(b"ab")
    with pytest.raises(TornError, match=r"weights.bin: has 2 bytes, not 3"):
        MANIFEST.check_sizes(folder)


def test_a_link_in_a_files_place_is_seen(folder: Path) -> None:
    (folder / "empty").unlink()
    (folder / "empty").symlink_to(os.devnull)
    with pytest.raises(TornError, match="is not a regular file"):
        MANIFEST.check_sizes(folder)


def test_another_byte_is_seen(folder: Path) -> None:
    (folder / "a" / "weights.bin").write_bytes(b"abd")
    MANIFEST.check_sizes(folder)
    with pytest.raises(TornError, match=r"was changed or damaged in the .* from byte 0"):
        MANIFEST.check_piece(folder, MANIFEST.files[0], 0)


def test_a_file_is_summed_piece_by_piece(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    path = tmp_path / "data"
    path.write_bytes(data)
    parts = list(pieces(len(data), 1_200_000))
    assert parts == [(0, 1_200_000), (1_200_000, 1_200_000), (2_400_000, 600_000)]
    for offset, length in parts:
        assert checksum(path, offset, length) == f"{zlib.crc32(data[offset:][:length]):08x}"
    assert list(pieces(0, 1)) == []
