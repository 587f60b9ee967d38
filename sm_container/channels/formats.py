"""Which format a channel's bytes have, by its content type, its wrapper and the names of its files.

Source: CreateTrainingJob, Channel: ContentType, RecordWrapperType.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_container.channels.augmented import ManifestLines
from sm_container.channels.errors import ChannelError
from sm_container.channels.gunzip import unpacked_name
from sm_container.channels.wrapped import Objects, WrappedObjects
from sm_container.contract.init_config import attribute_names
from sm_container.contract.inputs import RecordWrapper
from sm_container.records.errors import FormatError
from sm_container.records.format import Format
from sm_container.records.formats import format_of
from sm_container.records.recordio import Multipart

if TYPE_CHECKING:
    from sm_container.channels.channel import InputChannel

_RECORDIO = "application/x-recordio"
_MULTIPART = "multipart"


@dataclass(frozen=True)
class Choice:
    """What the caller and the channel's configuration say of the format."""

    channel: InputChannel
    content_type: str | None
    attributes: tuple[str, ...]
    options: Mapping[str, Any]
    _by_suffix: dict[str, Objects] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_wrapped(self) -> bool:
        return self.channel.config.record_wrapper_type == RecordWrapper.RECORD_IO

    def of_stream(self) -> Objects:
        """How the stream of Pipe mode is read. Raises ChannelError where it cannot be."""
        listed = attribute_names(self.channel.layout.init_config, self.channel.name)
        wanted = self.attributes or self.channel.attributes
        if listed or wanted:
            return self._augmented(tuple(listed or wanted), tuple(wanted or listed or ()))
        made: Format = self._made(None)
        if self.is_wrapped and not _is_recordio(made):
            return WrappedObjects(made, self._multipart())
        if not made.is_concatenable:
            raise self._error(
                f"objects of {made.content_type} follow one another in Pipe mode with nothing "
                "between them; set RecordWrapperType to RecordIO, or InputMode to File or FastFile"
            )
        return made

    def of_file(self, name: str) -> Objects:
        """How a file is read. Raises ChannelError where its format is not known."""
        key = "" if self._said else os.path.splitext(unpacked_name(name))[1].lower()
        if key not in self._by_suffix:
            self._by_suffix[key] = self._made(unpacked_name(name))
        return self._by_suffix[key]

    def check_files(self) -> None:
        """Raise ChannelError for what can be seen to be wrong before there is a file."""
        if self.attributes or self.channel.attributes:
            raise self._error(
                "an augmented manifest's attributes come in Pipe mode alone; set its InputMode to "
                "Pipe and its RecordWrapperType to RecordIO"
            )
        if self._said:
            self.of_file("")

    @property
    def _said(self) -> str | None:
        return self.content_type or self.channel.content_type

    def _augmented(self, listed: tuple[str, ...], wanted: tuple[str, ...]) -> ManifestLines:
        if not self.is_wrapped:
            raise self._error(
                "the attributes of an augmented manifest follow one another with nothing between "
                "them; set its RecordWrapperType to RecordIO"
            )
        missing = [name for name in wanted if name not in listed]
        if missing:
            raise self._error(
                f"no attribute {', '.join(missing)} is in its stream, which has "
                f"{', '.join(listed)}; add it to AttributeNames"
            )
        unknown = sorted(self.options.keys() - {_MULTIPART})
        if unknown:
            raise self._error(f"an augmented manifest has no option {', '.join(unknown)}")
        return ManifestLines(listed, wanted, self._multipart())

    def _made(self, name: str | None) -> Any:
        options = {key: value for key, value in self.options.items() if key != _MULTIPART}
        try:
            made: Any = format_of(self._said, name, **options)
            if _is_recordio(made):
                # The content type itself may say it.
                if _MULTIPART in self.options or _MULTIPART not in (self._said or ""):
                    made = dataclasses.replace(made, multipart=self._multipart())
            elif _MULTIPART in self.options and not self.is_wrapped:
                format_of(self._said, name, **self.options)  # says which options there are
        except FormatError as error:
            raise self._error(f"{error}{self._hint(name)}") from None
        return made

    def _hint(self, name: str | None) -> str:
        """What to do where nothing says which format it is."""
        if self._said:
            return ""
        try:
            format_of(None, name)
        except FormatError:
            return "; set its ContentType, or give content_type="
        return ""

    def _multipart(self) -> Multipart:
        given = self.options.get(_MULTIPART)
        if given is None:
            return Multipart.CONCAT if self.is_wrapped else Multipart.DMLC
        try:
            return Multipart(given)
        except ValueError:
            known = " or ".join(repr(each.value) for each in Multipart)
            raise ValueError(f"multipart is {given!r}; give {known}") from None

    def _error(self, what: str) -> ChannelError:
        return ChannelError([f"channel {self.channel.name}: {what}"])


def _is_recordio(made: Any) -> bool:
    content_type: str = made.content_type
    return content_type.startswith(_RECORDIO)
