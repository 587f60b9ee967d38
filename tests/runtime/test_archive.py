"""Archives that mean harm: refused, and nothing written outside of the folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.runtime.archive import unpack
from sm_container.runtime.fault import Fault

# From Python 3.12 on, unpacking without the filter warns; here that is the point.
pytestmark = pytest.mark.filterwarnings("ignore:.*filter extracted tar:DeprecationWarning")

Members = list[tuple[tarfile.TarInfo, bytes]]


def member(name: str, content: bytes = b"", **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


@pytest.fixture(params=["with the data filter", "without the data filter"])
def code(
    request: pytest.FixtureRequest, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder to unpack into; also as on the first releases of Python 3.10."""
    if request.param == "without the data filter":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)  # or it was never there
    folder = hostile_tmp_path / "code"
    folder.mkdir()
    return folder


@pytest.fixture
def pack(hostile_tmp_path: Path) -> Callable[[Members], Path]:
    def packed(members: Members) -> Path:
        path = hostile_tmp_path / "sourcedir.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for info, content in members:
                archive.addfile(info, io.BytesIO(content))
        return path

    return packed


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


HARMFUL: dict[str, Members] = {
    "a name that leaves the folder": [member("../outside", b"x")],
    "a name that leaves in the middle": [member("a/../../outside", b"x")],
    "an absolute name": [member("/tmp/outside", b"x")],
    "a link that leaves the folder": [link("out", "../..")],
    "an absolute link": [link("out", "/etc/passwd")],
    "a link from deeper down": [member("a", type=tarfile.DIRTYPE), link("a/out", "../../x")],
    "a hard link that leaves the folder": [link("out", "../outside", tarfile.LNKTYPE)],
    "an absolute hard link": [link("out", "/etc/passwd", tarfile.LNKTYPE)],
    "a device": [member("device", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "a block device": [member("device", type=tarfile.BLKTYPE, devmajor=7, devminor=0)],
    "a FIFO": [member("fifo", type=tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("members", HARMFUL.values(), ids=HARMFUL.keys())
def test_is_refused_by_name(members: Members, code: Path, pack: Callable[[Members], Path]) -> None:
    archive = pack([member("train.py", b"pass"), *members])
    before = everything(code.parent)
    with pytest.raises(Fault) as caught:
        unpack(archive, code)
    assert repr(members[-1][0].name) in str(caught.value)
    assert everything(code.parent) <= before | {"code/train.py", "code/a"}


def test_a_link_that_was_there_before_leads_nowhere(
    code: Path, pack: Callable[[Members], Path]
) -> None:
    outside = code.parent / "outside"
    outside.mkdir()
    (code / "data").symlink_to(outside)
    with pytest.raises(Fault, match="would be written outside"):
        unpack(pack([member("data/x", b"x")]), code)
    assert not list(outside.iterdir())


def test_what_is_ordinary_is_unpacked(code: Path, pack: Callable[[Members], Path]) -> None:
    unpack(
        pack(
            [
                member("./bin", type=tarfile.DIRTYPE, mode=0o700),
                member("./bin/train.sh", b"exit 0", mode=0o4755, uid=1234, gid=1234),
                member("a b ✓'\".py", b"pass", mode=0o600),
                link("bin/alias", "train.sh"),
                member("hard", type=tarfile.LNKTYPE, linkname="bin/train.sh", mode=0o4755),
            ]
        ),
        code,
    )
    assert everything(code) == {"bin", "bin/train.sh", "bin/alias", "a b ✓'\".py", "hard"}
    script = (code / "bin/train.sh").stat()
    assert stat.S_IMODE(script.st_mode) == 0o755
    assert script.st_uid == os.getuid()
    assert (code / "bin/alias").read_bytes() == b"exit 0"


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00 broken"])
def test_what_is_no_archive(code: Path, content: bytes) -> None:
    archive = code.parent / "sourcedir.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(Fault, match="cannot be unpacked"):
        unpack(archive, code)


def test_an_archive_that_was_cut(code: Path, pack: Callable[[Members], Path]) -> None:
    archive = pack([member("train.py", os.urandom(100_000))])
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(Fault, match="cannot be unpacked"):
        unpack(archive, code)
