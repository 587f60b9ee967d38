"""Marks that run a test once for each way in which an algorithm's data can come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_container.contract.inputs import InputMode
from sm_container.declaration.specification import ChannelSpecification
from sm_container.testing.jobs.declared import Declared, specification_of

if TYPE_CHECKING:
    import pytest


def input_modes(
    algorithm: Declared, *channels: str, argument: str = "input_mode"
) -> pytest.MarkDecorator:
    """``pytest.mark.parametrize`` for the ``argument`` of a test: the modes that all of the
    ``channels`` are declared with; without any, all that are required.

    ``algorithm`` is an Algorithm, its CreateAlgorithm document, or the path of that.

    Raises:
        ValueError: where there is no such channel, or no mode that all have.
    """
    import pytest

    chosen = _channels(algorithm, channels)
    modes = [
        mode.value for mode in InputMode if all(mode in channel.input_modes for channel in chosen)
    ]
    if not modes:
        names = ", ".join(channel.name for channel in chosen)
        raise ValueError(f"there is no input mode that all of these channels have: {names}")
    return pytest.mark.parametrize(argument, modes)


def content_types(
    algorithm: Declared, channel: str | None = None, *, argument: str = "content_type"
) -> pytest.MarkDecorator:
    """The same for the content types of a channel, by default the first that is required.

    Raises:
        ValueError: where there is no such channel, or it is declared without content types.
    """
    import pytest

    chosen = _channels(algorithm, () if channel is None else (channel,))
    if not chosen:
        raise ValueError("the algorithm declares no channels, and so no content types")
    if not chosen[0].content_types:
        raise ValueError(f"channel {chosen[0].name} is declared without content types")
    return pytest.mark.parametrize(argument, chosen[0].content_types)


def _channels(algorithm: Declared, names: tuple[str, ...]) -> list[ChannelSpecification]:
    specification = specification_of(algorithm)
    known = () if specification is None else specification.channels
    if not names:
        return [channel for channel in known if channel.required] or list(known)
    by_name = {channel.name: channel for channel in known}
    for name in names:
        if name not in by_name:
            declared = ", ".join(by_name) or "none"
            raise ValueError(f"the algorithm declares no channel {name}; declared: {declared}")
    return [by_name[name] for name in names]
