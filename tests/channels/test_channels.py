from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.channels.channels import InputChannels, open_channels
from sm_container.channels.errors import ChannelError, MissingChannelError
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.declaration.channels import Channel


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path)
    layout.create()
    return layout


def opened(layout: Layout, *declared: Channel, **given: ChannelConfig) -> InputChannels:
    return open_channels(declared, InputDataConfig(given), layout)


FILE = ChannelConfig(InputMode.FILE, "text/csv", "FullyReplicated", "None")


def test_files_are_those_of_the_folder_in_the_order_of_keys(layout: Layout) -> None:
    folder = layout.channel("train")
    names = [
        b"b.csv",
        b"a/2.csv",
        b"a/10.csv",
        b"a.csv",
        b"a-b/x",
        b".hidden",
        "ü; 'q' \"d\"\n.csv".encode(),
        b"not-utf8-\xff",
        b"deep/er/still/x",
    ]
    for name in names:
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(name)
    (folder / "empty").mkdir()
    (layout.data / "train-manifest").write_text("prefix\n")
    files = opened(layout, train=FILE)["train"].files()
    assert [os.fsencode(path.relative_to(folder)) for path in files] == sorted(names)
    assert [path.read_bytes() for path in files] == sorted(names)


def test_files_far_below_take_few_descriptors(layout: Layout) -> None:
    """A key has up to 1024 bytes, which is 512 folders, and a process 1024 open files or fewer."""
    folder = layout.channel("train")
    file = folder / ("a/" * 511 + "x")
    file.parent.mkdir(parents=True)
    file.touch()
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from sm_container.channels.channel import InputChannel\n"
        "from sm_container.contract.inputs import ChannelConfig, InputMode\n"
        "from sm_container.contract.layout import Layout\n"
        "config = ChannelConfig(InputMode.FILE)\n"
        "channel = InputChannel('train', config, Layout(Path(sys.argv[1])))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\n"
        "sys.setrecursionlimit(100)\n"
        "print(*channel.files())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(layout.base)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == (f"{file}\n", "")


def test_links_and_what_is_no_file(layout: Layout, tmp_path: Path) -> None:
    folder = layout.channel("train")
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").touch()
    (folder / "loop").symlink_to(folder)
    (folder / "to-folder").symlink_to(tmp_path / "outside")
    (folder / "to-file").symlink_to(tmp_path / "outside" / "x")
    (folder / "dangling").symlink_to(tmp_path / "none")
    os.mkfifo(folder / "fifo")
    files = opened(layout, train=FILE)["train"].files()
    assert [path.name for path in files] == ["to-file"]


def test_a_host_without_objects(layout: Layout) -> None:
    sharded = ChannelConfig(InputMode.FILE, s3_distribution_type="ShardedByS3Key")
    channels = opened(layout, sharded=sharded, whole=FILE)
    assert channels["sharded"].files() == []
    with pytest.raises(ChannelError, match=r"channel whole has no folder .*S3Uri"):
        channels["whole"].files()


def test_a_pipe_has_no_folder_and_a_fast_file_has(layout: Layout) -> None:
    channels = opened(
        layout,
        piped=ChannelConfig(InputMode.PIPE),
        fast=ChannelConfig(InputMode.FAST_FILE),
    )
    for read in (lambda: channels["piped"].path, channels["piped"].files):
        with pytest.raises(ChannelError, match="set its InputMode to File or FastFile"):
            read()
    assert channels["fast"].path == layout.channel("fast")


def test_every_misfit_is_in_one_error(layout: Layout) -> None:
    declared = [
        Channel("train", ["text/csv"]),
        Channel("extra", required=False),
        Channel("needed"),
        Channel("also-needed", modes=["Pipe"]),
    ]
    given = {
        "train": ChannelConfig(InputMode.PIPE, "text/libsvm"),
        "tarin": FILE,
        "also-needed": FILE,
        "code": FILE,
        "sm_drivers": FILE,
    }
    with pytest.raises(ChannelError) as caught:
        open_channels(declared, InputDataConfig(given), layout)
    assert caught.value.faults == (
        "channel needed is required and the job has none of that name; add it to InputDataConfig",
        "channel train comes in Pipe mode; set its InputMode to File",
        "channel train has the content type text/libsvm; set its ContentType to text/csv",
        "channel tarin is not one of this algorithm's (train, extra, needed, also-needed); "
        "remove it from InputDataConfig",
        "channel also-needed comes in File mode; set its InputMode to Pipe",
    )
    assert "\n" not in str(caught.value)


def test_asking_for_a_channel_that_is_not_there(layout: Layout) -> None:
    channels = opened(layout, Channel("train"), Channel("extra", required=False), train=FILE)
    assert "extra" not in channels
    assert channels.get("extra") is None
    assert list(channels) == ["train"]
    with pytest.raises(MissingChannelError, match="no channel extra, which is optional"):
        channels["extra"]
    with pytest.raises(KeyError) as caught:
        channels["tset"]
    assert str(caught.value) == "the algorithm declares no channel tset; declared: train, extra"
    with pytest.raises(MissingChannelError, match="no channel test; add it to InputDataConfig"):
        opened(layout, train=FILE)["test"]


def test_without_a_declaration_every_channel_is_accepted(layout: Layout) -> None:
    channels = opened(layout, a=FILE, b=ChannelConfig(InputMode.PIPE))
    assert sorted(channels) == ["a", "b"]
    assert len(channels) == 2


def test_a_hostile_name_cannot_leave_the_folder(layout: Layout) -> None:
    from sm_container.contract.errors import ContractError

    channels = open_channels([], InputDataConfig({"../../etc": FILE}), layout)
    with pytest.raises(ContractError, match="cannot be the name of a channel"):
        channels["../../etc"].files()


def test_a_channel_without_a_content_type_has_the_only_one_declared(layout: Layout) -> None:
    plain = ChannelConfig(InputMode.FILE)
    (layout.channel("train")).mkdir()
    (layout.channel("train") / "part").write_text("1,2\n")
    one = Channel("train", content_types=["text/csv"])
    two = Channel("train", content_types=["text/csv", "text/libsvm"])

    (record,) = opened(layout, one, train=plain)["train"].records()

    assert (record["label"], record["features"].tolist()) == (1, [2])
    assert opened(layout, two, train=plain)["train"].content_type is None
    assert opened(layout, one, train=FILE)["train"].content_type == "text/csv"
