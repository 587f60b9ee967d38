"""The channels of a job by name, held against those that the algorithm declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sm_container.channels.channel import InputChannel
from sm_container.channels.errors import ChannelError, MissingChannelError
from sm_container.channels.stopping import StopSignal
from sm_container.contract.inputs import ChannelConfig, InputDataConfig
from sm_container.contract.layout import Layout
from sm_container.declaration.channels import Channel

# Sent by a toolkit or the platform, and read by an algorithm only if it declares them.
_RESERVED = frozenset({"code", "sm_drivers"})


class InputChannels(Mapping[str, InputChannel]):
    """The channels that a job has; those that it may have and has not raise when asked for.

    ``"validation" in channels`` and ``channels.get("validation")`` are for optional channels.
    """

    def __init__(self, channels: Mapping[str, InputChannel], declared: Sequence[Channel]) -> None:
        self._channels = dict(channels)
        self._declared = tuple(declared)

    def __getitem__(self, name: str) -> InputChannel:
        if name in self._channels:
            return self._channels[name]
        if name in {channel.name for channel in self._declared}:
            fault = f"the job has no channel {name}, which is optional; test for it with 'in'"
        elif self._declared:
            known = ", ".join(channel.name for channel in self._declared)
            fault = f"the algorithm declares no channel {name}; declared: {known}"
        else:
            fault = f"the job has no channel {name}; add it to InputDataConfig"
        raise MissingChannelError([fault])

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def __repr__(self) -> str:
        return f"InputChannels({', '.join(self._channels)})"


def open_channels(
    declared: Sequence[Channel],
    config: InputDataConfig,
    layout: Layout,
    stop: StopSignal | None = None,
) -> InputChannels:
    """The job's channels; raises one ChannelError with all that does not fit the declaration.

    Where nothing is declared, every channel is accepted. ``stop`` ends the reading of all.
    """
    stop = stop or StopSignal()
    by_name = {channel.name: channel for channel in declared}
    faults = [
        f"channel {channel.name} is required and the job has none of that name; "
        "add it to InputDataConfig"
        for channel in declared
        if channel.required and channel.name not in config.channels
    ]
    for name, given in config.channels.items():
        if name in by_name:
            faults += _misfits(by_name[name], given)
        elif declared and name not in _RESERVED:
            known = ", ".join(by_name)
            faults.append(
                f"channel {name} is not one of this algorithm's ({known}); "
                "remove it from InputDataConfig"
            )
    if faults:
        raise ChannelError(faults)
    channels = {
        name: InputChannel(
            name,
            given,
            layout,
            attributes=tuple(by_name[name].attributes) if name in by_name else (),
            declared_type=by_name[name].sole_content_type if name in by_name else None,
            stop=stop,
        )
        for name, given in config.channels.items()
    }
    return InputChannels(channels, declared)


def _misfits(declared: Channel, given: ChannelConfig) -> Iterator[str]:
    """What of a channel's configuration the algorithm does not support."""
    if given.training_input_mode not in declared.modes:
        yield (
            f"channel {declared.name} comes in {given.training_input_mode} mode; "
            f"set its InputMode to {' or '.join(declared.modes)}"
        )
    if given.content_type and not declared.accepts(given.content_type):
        yield (
            f"channel {declared.name} has the content type {given.content_type}; "
            f"set its ContentType to {' or '.join(declared.content_types)}"
        )
