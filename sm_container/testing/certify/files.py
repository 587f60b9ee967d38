"""The files of a channel as File mode gives them, to be given again in another way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.life.faults import DownloadError
from sm_container.harness.life.staging import stage
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.testing.certify.bench import Bench, UntriedError
from sm_container.testing.certify.changes import Change, Document
from sm_container.testing.jobs.describing import HOST

ODD_FOLDER = "a folder/ünï ✓/deep"
_MOST_FILES = 100
_ODD_PREFIX = "ünï ✓ "


def why_no_files(channel: ChannelRequest) -> str | None:
    """Why a channel cannot come in File mode; None where it can. Source: CreateTrainingJob,
    Channel, CompressionType and RecordWrapperType; S3DataSource, AugmentedManifestFile."""
    if channel.source.data_type == "AugmentedManifestFile":
        return "it is an augmented manifest, which Pipe mode alone takes"
    if channel.compression != "None":
        return f"its {channel.compression} form is undone by Pipe mode alone"
    if channel.record_wrapper != "None":
        return f"its objects are wrapped as {channel.record_wrapper} by Pipe mode alone"
    return None


def files_of(bench: Bench, channel: ChannelRequest) -> Path:
    """A folder with nothing but the channel's files: links to them where the program cannot write
    to them, else copies. Made once; the channel must be one that can come in File mode.

    Raises:
        UntriedError: where they cannot be had.
    """
    layout = Layout(bench.folder(f"files-{channel.name}"))
    if not layout.base.exists():
        prepared = bench.prepared(f"files-{channel.name}", _alone_in_file_mode(channel.name))
        try:
            stage(prepared, HOST, layout, lambda what, done, total: None)
        except DownloadError as fault:
            raise UntriedError(f"the files of {channel.name} cannot be had: {fault}") from fault
    return layout.channel(channel.name)


def files_with_odd_names(bench: Bench, channel: ChannelRequest) -> Path:
    """A folder with the same files in the same order, each below ``ODD_FOLDER`` and with a name of
    its own that has a blank and other letters than ASCII's. Raises as ``files_of``."""
    source, target = files_of(bench, channel), bench.folder(f"odd-{channel.name}")
    for name in _names(source):
        odd = target / ODD_FOLDER / name.with_name(f"{_ODD_PREFIX}{name.name}")
        odd.parent.mkdir(parents=True, exist_ok=True)
        _link(source / name, odd)
    return target


def files_with(bench: Bench, channel: ChannelRequest, label: str, content: bytes) -> Path:
    """A folder with files of the same names, though not of all where there are many, each of these
    bytes; with one file where the channel cannot come in File mode. Raises as ``files_of``."""
    target = bench.folder(f"{label}-{channel.name}")
    names = [Path("part")]
    if why_no_files(channel) is None:
        names = sorted(_names(files_of(bench, channel)))[:_MOST_FILES]
    for name in names:
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return target


def _names(folder: Path) -> Iterator[Path]:
    """The paths of all files below a folder, as they are from there."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name).relative_to(folder) for name in names)


def _alone_in_file_mode(name: str) -> Change:
    def change(document: Document) -> None:
        kept = [each for each in document["InputDataConfig"] if each["ChannelName"] == name]
        document["InputDataConfig"] = [{**each, "InputMode": InputMode.FILE.value} for each in kept]

    return change


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # a file system without hard links
        shutil.copy(file, target)
