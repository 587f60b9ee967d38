from __future__ import annotations

import shutil
import stat
import struct
import subprocess
from pathlib import Path

import pytest

from sm_container.harness.inputs.fastfile import protocol
from sm_container.harness.inputs.fastfile.protocol import Attributes, Opcode, ProtocolError

FOUND = Attributes(7, 1000, stat.S_IFREG | 0o444, 1, 1_500_000_000_000_000_123, 3, 4)


def request(opcode: int, body: bytes, node: int = 5, unique: int = 9) -> bytearray:
    header = struct.pack("=IIQQIIIHH", 40 + len(body), opcode, unique, node, 0, 0, 0, 0, 0)
    return bytearray(header + body + b"what an earlier request left in the buffer")


def test_request_is_taken_to_its_end_and_no_further() -> None:
    found = protocol.request_in(request(Opcode.LOOKUP, b"a name\0"))
    assert found[:3] == (Opcode.LOOKUP, 9, 5)
    assert protocol.name_in(found.body) == b"a name"
    found = protocol.request_in(request(Opcode.READ, struct.pack("=QQIIQII", 1, 2, 3, 4, 5, 6, 7)))
    assert protocol.range_in(found.body) == (1, 2, 3)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (protocol.entry_reply(9, FOUND), "fuse_entry_out"),
        (protocol.no_entry_reply(9), "fuse_entry_out"),
        (protocol.attributes_reply(9, FOUND), "fuse_attr_out"),
        (protocol.open_reply(9, 1), "fuse_open_out"),
        (protocol.statfs_reply(9, 1, 1), "fuse_statfs_out"),
        (protocol.init_reply(9, struct.pack("=IIII", 7, 45, 1, 0), 1 << 20), "fuse_init_out"),
        (protocol.reply(9), ""),
        (protocol.error_reply(9, 5), ""),
        (protocol.reply_header(9, 0), ""),
    ],
)
def test_replies_have_the_sizes_of_the_kernels_structs(
    answer: bytes, name: str, sizes: dict[str, int]
) -> None:
    assert len(answer) == sizes["fuse_out_header"] + sizes.get(name, 0)
    assert struct.unpack_from("=I", answer)[0] == len(answer)
    assert struct.unpack_from("=Q", answer, 8)[0] == 9


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What a compiler makes of the kernel's header; where there is none, what one made of it."""
    names = {
        "fuse_out_header": 16,
        "fuse_entry_out": 128,
        "fuse_attr_out": 104,
        "fuse_open_out": 16,
        "fuse_statfs_out": 80,
        "fuse_init_out": 64,
    }
    if shutil.which("cc") is None or not Path("/usr/include/linux/fuse.h").exists():
        return names
    folder = tmp_path_factory.mktemp("sizes")
    lines = "".join(f'printf("%zu\\n", sizeof(struct {name}));' for name in names)
    source = f"#include <linux/fuse.h>\n#include <stdio.h>\nint main(void) {{{lines}}}"
    (folder / "sizes.c").write_text(source)
    subprocess.run(["cc", "sizes.c", "-o", "sizes"], cwd=folder, check=True)
    said = subprocess.run([folder / "sizes"], capture_output=True, text=True, check=True).stdout
    return dict(zip(names, map(int, said.split()), strict=True))


def test_lines_of_folders_end_at_eight_bytes() -> None:
    for length in range(1, 20):
        for line in (protocol.dirent, protocol.dirent_plus):
            assert len(line(FOUND, b"n" * length, 3)) % 8 == 0
    line = protocol.dirent(FOUND, b"name", 3)
    assert struct.unpack_from("=QQII4s", line) == (7, 3, 4, stat.S_IFREG >> 12, b"name")


def test_agreement_is_on_what_the_kernel_offers_and_its_version() -> None:
    offered = protocol.Init.ASYNC_READ | protocol.Init.MAX_PAGES | 1 << 5
    said = protocol.init_reply(9, struct.pack("=IIII", 7, 27, 1 << 17, offered), 1 << 20)
    major, minor, ahead, flags = struct.unpack_from("=IIII", said, 16)
    assert (major, minor, ahead) == (7, 27, 1 << 20)
    assert flags == protocol.Init.ASYNC_READ | protocol.Init.MAX_PAGES
    said = protocol.init_reply(9, struct.pack("=IIII", 7, 99, 1 << 17, 0), 1 << 20)
    assert struct.unpack_from("=II", said, 16) == (7, protocol.MINOR)


def test_kernel_that_is_too_old_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"version 7\.22 .* Linux 3\.15"):
        protocol.init_reply(9, struct.pack("=IIII", 7, 22, 0, 0), 0)
