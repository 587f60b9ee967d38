"""What a channel will hold on each host, settled before anything starts.

Source: CreateTrainingJob, S3DataSource (S3DataType, S3DataDistributionType).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sm_container.contract.errors import ContractError
from sm_container.contract.inputs import Distribution
from sm_container.contract.layout import Layout
from sm_container.harness.inputs.errors import Answer, InputError, InputFault
from sm_container.harness.inputs.listing import (
    InputObject,
    Listing,
    StoreOf,
    list_manifest,
    list_prefix,
)
from sm_container.harness.inputs.manifest_file import ManifestFileError
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.storage.errors import StorageError
from sm_container.storage.store import Store
from sm_container.storage.uri import Scheme, parse


@dataclass(frozen=True)
class ChannelPlan:
    """The objects of a channel, in the order of their keys, and how hosts share them.

    ``prefix`` is the key prefix that the objects share, without the bucket.
    """

    channel: str
    store: Store
    prefix: str
    objects: tuple[InputObject, ...]
    hosts: tuple[str, ...]
    distribution: Distribution
    notes: tuple[str, ...] = ()

    def share(self, host: str) -> Sequence[InputObject]:
        """The objects of one host: all of them, or with ShardedByS3Key every n-th of n hosts'."""
        if self.distribution is Distribution.FULLY_REPLICATED:
            return self.objects
        return self.objects[self.hosts.index(host) :: len(self.hosts)]

    def size(self, host: str) -> int:
        """The bytes of one host's share."""
        return sum(item.object.size for item in self.share(host))


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
    names = {channel.name for channel in channels}
    for name in sorted(names):
        if f"{name}-manifest" in names:
            sentence = f"its folder would stand where the manifest of channel {name!r} stands"
            faults.append(InputFault(f"{name}-manifest", Answer.REFUSED, sentence))
    if faults:
        raise InputError(faults)
    return tuple(plans)


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
        list_objects = list_manifest if source.data_type == "ManifestFile" else list_prefix
        listing = list_objects(source.uri, store_of, sample)
    except ManifestFileError as error:
        raise _failed(channel, [str(error)]) from error
    except (ContractError, StorageError) as error:
        raise InputError([InputFault(channel.name, Answer.REFUSED, str(error))]) from error
    if listing.faults:
        raise _failed(channel, listing.faults)
    if not listing.objects:
        sentence = _nothing_found(source.uri, region, role_arn, listing)
        raise InputError([InputFault(channel.name, Answer.REFUSED, sentence)])
    return ChannelPlan(
        channel.name,
        listing.store,
        listing.prefix,
        listing.objects,
        tuple(hosts),
        Distribution(source.distribution),
        (*listing.notes, *_notes(channel, listing, len(hosts), sample)),
    )


def _failed(channel: ChannelRequest, sentences: Iterable[str]) -> InputError:
    return InputError(InputFault(channel.name, Answer.FAILED, said) for said in sentences)


def _nothing_found(uri: str, region: str, role_arn: str, listing: Listing) -> str:
    location = parse(uri)
    why = "".join(f" ({note})" for note in listing.notes)
    if location.scheme is Scheme.FILE:
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
    name, count = channel.name, len(listing.objects)
    if sample is not None and count == sample:
        notes.append(f"channel {name!r}: a sample, of the first {count} objects")
    if channel.source.distribution == Distribution.SHARDED_BY_S3_KEY and count < hosts:
        notes.append(f"channel {name!r}: {count} objects for {hosts} hosts leave some without any")
    if channel.shuffle_seed is not None:
        notes.append(f"channel {name!r}: ShuffleConfig orders streams, and files not")
    return tuple(notes)
