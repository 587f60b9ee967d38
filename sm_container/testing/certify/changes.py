"""Changes to the request of the job that is certified, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Document = dict[str, Any]
"""A CreateTrainingJob request."""
Change = Callable[[Document], None]


def as_it_is(document: Document) -> None:
    """No change."""


def without_checkpoints(document: Document) -> None:
    """No CheckpointConfig: there is no folder for checkpoints then."""
    document.pop("CheckpointConfig", None)


def isolated(document: Document) -> None:
    """No network. Source: CreateTrainingJob, EnableNetworkIsolation."""
    document["EnableNetworkIsolation"] = True


def with_hyperparameters(**given: str) -> Change:
    """Hyperparameters beside those of the job, or in their place."""

    def change(document: Document) -> None:
        document["HyperParameters"] = {**(document.get("HyperParameters") or {}), **given}

    return change


def without_channel(name: str) -> Change:
    def change(document: Document) -> None:
        kept = [each for each in document.pop("InputDataConfig") if each["ChannelName"] != name]
        if kept:  # the service wants it left out rather than empty
            document["InputDataConfig"] = kept

    return change


def from_folder(name: str, folder: Path) -> Change:
    """A channel is all that is in a folder, in the channel's own mode and form."""

    def change(document: Document) -> None:
        channel = _channel(document, name)
        channel["DataSource"]["S3DataSource"].update(S3DataType="S3Prefix", S3Uri=f"{folder}/")
        channel["DataSource"]["S3DataSource"].pop("AttributeNames", None)

    return change


def in_mode(name: str, mode: str) -> Change:
    """Source: CreateTrainingJob, Channel, InputMode."""

    def change(document: Document) -> None:
        _channel(document, name)["InputMode"] = mode

    return change


def both(one: Change, other: Change) -> Change:
    def change(document: Document) -> None:
        one(document)
        other(document)

    return change


def _channel(document: Document, name: str) -> dict[str, Any]:
    [found] = [each for each in document["InputDataConfig"] if each["ChannelName"] == name]
    channel: dict[str, Any] = found
    return channel
