"""The rules of a channel, and between channels. Source: CreateTrainingJob, InputDataConfig."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sm_container.harness.request.extensions import is_local_uri
from sm_container.harness.request.wording import display, unsupported
from sm_container.storage.errors import StorageError
from sm_container.storage.uri import parse

Document = Mapping[str, Any]
Channel = Mapping[str, Any]

_INPUT = "/opt/ml/input/data/"
_FIFO = re.compile(r"(.*)_[0-9]+", re.ASCII | re.DOTALL)


def channels_of(document: Document) -> Iterator[tuple[str, str, Channel, Mapping[str, Any]]]:
    """Each channel as (path, effective input mode, channel, its S3DataSource or an empty one)."""
    default = document.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    for index, channel in enumerate(document.get("InputDataConfig", ())):
        source = channel.get("DataSource", {}).get("S3DataSource", {})
        path = f"inputDataConfig.{index + 1}.member"
        yield path, channel.get("InputMode", default), channel, source


def names(document: Document) -> Iterator[str]:
    """A channel is a folder: its name must be one, and one of its own."""
    found = [str(channel.get("ChannelName", "")) for _, _, channel, _ in channels_of(document)]
    for name in sorted({each for each in found if each and found.count(each) > 1}):
        yield f"Channel names must be unique: '{display(name)}' is given {found.count(name)} times"
    modes = {
        str(channel.get("ChannelName", "")): mode for _, mode, channel, _ in channels_of(document)
    }
    for name in found:
        epoch = _FIFO.fullmatch(name)
        if epoch is not None and modes.get(epoch[1]) == "Pipe":
            yield (
                f"A channel cannot be named '{name}' beside one named '{epoch[1]}' in Pipe mode: "
                f"{_INPUT}{name} is a FIFO of that channel"
            )
        if name in (".", ".."):
            yield f"A channel cannot be named '{name}': its name is the name of its folder"
        if f"{name}-manifest" in found and name:
            yield (
                f"A channel cannot be named '{name}-manifest' beside one named '{name}': "
                f"{_INPUT}{name}-manifest is that channel's manifest"
            )


def modes(document: Document) -> Iterator[str]:
    """What goes with which input mode."""
    for path, mode, channel, source in channels_of(document):
        name = display(channel.get("ChannelName", path))
        if source.get("S3DataType") == "AugmentedManifestFile" and mode != "Pipe":
            yield (
                f"Channel '{name}': AugmentedManifestFile can only be used if the channel's input "
                f"mode is Pipe, and it is {display(mode)}"
            )
        if mode == "FastFile" and source.get("S3DataType", "S3Prefix") != "S3Prefix":
            yield f"Channel '{name}': input mode FastFile goes with S3DataType S3Prefix only"
        if mode != "Pipe":
            for member in ("CompressionType", "RecordWrapperType"):
                if channel.get(member, "None") != "None":
                    yield (
                        f"Channel '{name}': {member} {display(channel[member])} is used only in "
                        f"Pipe input mode; in {display(mode)} mode, leave it unset or set it to "
                        "None"
                    )


def sources(document: Document) -> Iterator[str]:
    """One source a channel, and what its kind needs."""
    for path, mode, channel, source in channels_of(document):
        name = display(channel.get("ChannelName", path))
        given = channel.get("DataSource", {})
        if "DataSource" in channel and len(given) != 1:
            has = " and ".join(given) or "nothing"
            yield f"Channel '{name}': DataSource must have one source, and has {has}"
        kind = source.get("S3DataType")
        if kind == "Converse":
            where = f"{path}.dataSource.s3DataSource.s3DataType"
            yield unsupported(where, "use S3Prefix or ManifestFile", kind)
        if kind == "AugmentedManifestFile" and not source.get("AttributeNames"):
            yield f"Channel '{name}': an AugmentedManifestFile needs AttributeNames"
        if kind in ("S3Prefix", "ManifestFile") and source.get("AttributeNames"):
            yield f"Channel '{name}': AttributeNames go with an AugmentedManifestFile only"
        uri = source.get("S3Uri")
        yield from uri_faults(f"{path}.dataSource.s3DataSource.s3Uri", uri)
        yield from _slashes(name, uri)
        if "FileSystemDataSource" in given:
            if "VpcConfig" not in document:
                yield f"Channel '{name}': a FileSystemDataSource needs a VpcConfig"
            if mode != "File":
                yield f"Channel '{name}': a FileSystemDataSource needs input mode File"


def uri_faults(path: str, uri: str | None) -> Iterator[str]:
    """A URI that the model takes but nothing here can read from or write to."""
    if uri is None or is_local_uri(uri):
        return
    if uri.startswith("https:"):
        yield unsupported(path, "write s3://bucket/key", uri)
        return
    if not uri.startswith("s3://"):
        return  # the model's pattern refuses it
    try:
        parse(uri)
    except StorageError as error:
        yield f"'{path}': {display(str(error))}"


def _slashes(name: str, uri: str | None) -> Iterator[str]:
    if uri is not None and uri.startswith("s3://") and "//" in uri.removeprefix("s3://"):
        yield (
            f"Channel '{name}': Failed to download data. S3 key: {display(uri)} has an illegal "
            "char sub-sequence '//' in it"
        )


def groups(document: Document) -> Iterator[str]:
    """Instance groups are assigned to all channels or to none."""
    with_groups: list[str] = []
    without: list[str] = []
    for _, _, channel, source in channels_of(document):
        name = display(channel.get("ChannelName", ""))
        (with_groups if source.get("InstanceGroupNames") else without).append(name)
    if with_groups and without:
        yield (
            f"Some channels have assigned instance groups: [{', '.join(with_groups)}] while "
            f"others not: [{', '.join(without)}]"
        )


def entrypoint(document: Document) -> Iterator[str]:
    """An entry point that lies in a channel needs the whole of it. Source: ContainerEntrypoint."""
    given = document.get("AlgorithmSpecification", {}).get("ContainerEntrypoint", ())
    channels = {
        str(channel.get("ChannelName")): (mode, source)
        for _, mode, channel, source in channels_of(document)
    }
    for each in given:
        if not each.startswith(_INPUT):
            continue
        name = each.removeprefix(_INPUT).partition("/")[0]
        if name not in channels:
            yield f"ContainerEntrypoint '{display(each)}' lies in a channel that is not given"
            continue
        mode, source = channels[name]
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        if mode != "File" or sharded:
            yield (
                f"ContainerEntrypoint '{display(each)}' lies in channel '{display(name)}', which "
                "must then be File and FullyReplicated"
            )


CHANNEL_RULES: tuple[Callable[[Document], Iterator[str]], ...] = (
    names,
    modes,
    sources,
    groups,
    entrypoint,
)
