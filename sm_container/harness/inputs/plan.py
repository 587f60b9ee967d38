"""What a channel will hold on each host, settled before anything starts.

Source: CreateTrainingJob, S3DataSource (S3DataType, S3DataDistributionType) and ShuffleConfig.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sm_container.contract.errors import ContractError
from sm_container.contract.inputs import Compression, Distribution, InputMode, RecordWrapper
from sm_container.contract.layout import Layout
from sm_container.harness.inputs.augmented_manifest import Line, StoreOf
from sm_container.harness.inputs.errors import Answer, InputError, InputFault
from sm_container.harness.inputs.listing import (
    InputObject,
    Listing,
    list_augmented_manifest,
    list_manifest,
    list_prefix,
)
from sm_container.harness.inputs.manifest_file import ManifestFileError
from sm_container.harness.inputs.order import Share
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.storage.errors import StorageError
from sm_container.storage.objects import Object
from sm_container.storage.store import Store
from sm_container.storage.uri import Scheme, parse


@dataclass(frozen=True)
class ChannelPlan:
    """The objects of a channel, in the order of their keys, and how hosts share them.

    ``prefix`` is the key prefix that the objects share, without the bucket. A channel of an
    augmented manifest has ``lines`` in the place of ``objects``. ``seed`` is ShuffleConfig's, which
    orders streams alone; ``is_sample`` says that there is more in the source than this.
    """

    channel: str
    store: Store
    prefix: str
    objects: tuple[InputObject, ...]
    hosts: tuple[str, ...]
    distribution: Distribution
    notes: tuple[str, ...] = ()
    mode: InputMode = InputMode.FILE
    compression: Compression = Compression.NONE
    wrapper: RecordWrapper = RecordWrapper.NONE
    seed: int | None = None
    lines: tuple[Line, ...] = ()
    is_sample: bool = False

    def share_of(self, host: str) -> Share:
        """What of the objects, or lines, is this host's."""
        seed = self.seed if self.mode is InputMode.PIPE else None
        if self.distribution is Distribution.FULLY_REPLICATED:
            return Share(seed=seed)
        return Share(self.hosts.index(host), len(self.hosts), seed)

    def places(self, host: str) -> Sequence[int]:
        """Which of the objects, or lines, one host gets, by number: all, or with ShardedByS3Key
        every n-th of n hosts'. In Pipe mode with ShuffleConfig those of the first epoch."""
        return self.share_of(host).entries(len(self.lines or self.objects))

    def share(self, host: str) -> Sequence[InputObject]:
        """The objects of one host, as `places` has them."""
        return [self.objects[place] for place in self.places(host)]

    @property
    def entries(self) -> tuple[Line, ...]:
        """What the channel is shuffled and shared by: objects one by one, or a manifest's lines."""
        return self.lines or tuple((item.object,) for item in self.objects)

    def size(self, host: str) -> int:
        """The bytes of one host's share, as they are stored; in Pipe mode of its first epoch."""
        entries = self.entries
        return sum(
            value.size if isinstance(value, Object) else len(value.encode())
            for place in self.places(host)
            for value in entries[place]
        )


def plan_channels(
    channels: Iterable[ChannelRequest],
    store_of: StoreOf,
    hosts: Sequence[str],
    *,
    region: str,
    role_arn: str,
    sample: int | None = None,
) -> tuple[ChannelPlan, ...]:
    """Plan every channel; see `plan_channel`.

    Raises:
        InputError: with the faults of all channels.
    """
    plans: list[ChannelPlan] = []
    faults: list[InputFault] = []
    channels = tuple(channels)
    for channel in channels:
        try:
            plans.append(
                plan_channel(
                    channel, store_of, hosts, region=region, role_arn=role_arn, sample=sample
                )
            )
        except InputError as error:
            faults.extend(error.faults)
    faults.extend(_collisions(channels))
    if faults:
        raise InputError(faults)
    return tuple(plans)


def _collisions(channels: Sequence[ChannelRequest]) -> Iterator[InputFault]:
    """The channels whose folders would stand where another one's manifest or FIFO stands."""
    names = sorted(channel.name for channel in channels)
    for channel in sorted(channels, key=lambda each: each.name):
        for name in names:
            if name == f"{channel.name}-manifest":
                what = "the manifest"
            elif channel.input_mode == InputMode.PIPE and _is_fifo_of(name, channel.name):
                what = "a FIFO"
            else:
                continue
            sentence = f"its folder would stand where {what} of channel {channel.name!r} stands"
            yield InputFault(name, Answer.REFUSED, sentence)


def _is_fifo_of(name: str, channel: str) -> bool:
    number = name.removeprefix(f"{channel}_")
    return number != name and number.isdecimal() and number.isascii()


def plan_channel(
    channel: ChannelRequest,
    store_of: StoreOf,
    hosts: Sequence[str],
    *,
    region: str,
    role_arn: str,
    sample: int | None = None,
) -> ChannelPlan:
    """List a channel's objects and settle where each lands and on which of ``hosts``.

    ``sample`` takes the first so many objects only. ``region`` and ``role_arn`` are what the
    service's sentences name.

    Raises:
        InputError: with every fault of the channel's data.
    """
    source = channel.source
    try:
        Layout().channel(channel.name)
        listing = _listed(channel, store_of, sample)
    except ManifestFileError as error:
        raise _failed(channel, [str(error)]) from error
    except (ContractError, StorageError) as error:
        raise InputError([InputFault(channel.name, Answer.REFUSED, str(error))]) from error
    if listing.faults:
        raise _failed(channel, listing.faults)
    if not listing.objects and not listing.lines:
        sentence = _nothing_found(source.uri, region, role_arn, listing)
        raise InputError([InputFault(channel.name, Answer.REFUSED, sentence)])
    mode = InputMode(channel.input_mode)
    if mode is InputMode.FAST_FILE:
        _require_folder(channel, listing)
    return ChannelPlan(
        channel.name,
        listing.store,
        listing.prefix,
        listing.objects,
        tuple(hosts),
        Distribution(source.distribution),
        (*listing.notes, *_notes(channel, listing, len(hosts), sample)),
        mode=mode,
        compression=Compression(channel.compression),
        wrapper=RecordWrapper(channel.record_wrapper),
        seed=channel.shuffle_seed,
        lines=listing.lines,
        is_sample=sample is not None and _count(listing) == sample,
    )


def _listed(channel: ChannelRequest, store_of: StoreOf, sample: int | None) -> Listing:
    source = channel.source
    if source.data_type == "AugmentedManifestFile":
        return list_augmented_manifest(source.uri, source.attribute_names, store_of, sample)
    list_objects = list_manifest if source.data_type == "ManifestFile" else list_prefix
    return list_objects(source.uri, store_of, sample, InputMode(channel.input_mode))


def _require_folder(channel: ChannelRequest, listing: Listing) -> None:
    """In FastFile mode the prefix is a complete folder's name. Source: developer guide, Access
    Training Data, FastFile mode."""
    folder = listing.prefix if listing.prefix.endswith("/") else f"{listing.prefix}/"
    beside = [item for item in listing.objects if not item.object.key.startswith(folder)]
    if beside and listing.prefix:
        which = beside[0].object
        said = (
            "is one object; name its folder"
            if which.key == listing.prefix
            else f"is also the beginning of {which.uri}; end the prefix with a slash"
        )
        sentence = (
            "In FastFile mode the S3 prefix must be a complete folder name, and "
            f"{channel.source.uri} {said}, or use File or Pipe"
        )
        raise _failed(channel, [sentence])


def _count(listing: Listing) -> int:
    return len(listing.objects) + len(listing.lines)


def _failed(channel: ChannelRequest, sentences: Iterable[str]) -> InputError:
    return InputError(InputFault(channel.name, Answer.FAILED, said) for said in sentences)


def _nothing_found(uri: str, region: str, role_arn: str, listing: Listing) -> str:
    location = parse(uri)
    why = "".join(f" ({note})" for note in listing.notes)
    if location.scheme is Scheme.FILE:
        path = f"/{location.key}"
        if os.path.isdir(path):
            return f'No files found under "{uri}": the folder has no files.{why}'
        if os.path.exists(path):  # a manifest
            return f'No files found by "{uri}": it names none.{why}'
        return f'No files found under "{uri}". Please ensure that the path exists.{why}'
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
        f"the bucket exists in the selected region ({region}), that objects exist under that S3 "
        f'prefix, and that the role "{role_arn}" has "s3:ListBucket" permissions on bucket '
        f'"{location.bucket}".{why}'
    )


def _notes(
    channel: ChannelRequest, listing: Listing, hosts: int, sample: int | None
) -> tuple[str, ...]:
    notes = []
    name, count = channel.name, _count(listing)
    what = "lines" if listing.lines else "objects"
    if sample is not None and count == sample:
        notes.append(f"channel {name!r}: a sample, of the first {count} {what}")
    if channel.source.distribution == Distribution.SHARDED_BY_S3_KEY and count < hosts:
        notes.append(f"channel {name!r}: {count} {what} for {hosts} hosts leave some without any")
    if channel.shuffle_seed is not None and channel.input_mode != InputMode.PIPE:
        notes.append(f"channel {name!r}: ShuffleConfig orders streams, and files not")
    return tuple(notes)
