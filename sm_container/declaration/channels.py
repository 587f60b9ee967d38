"""A channel as an author declares it. Source: CreateAlgorithm, ChannelSpecification."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sm_container.contract.inputs import Compression, InputMode
from sm_container.declaration.errors import DeclarationError

_NAME = re.compile(r"[A-Za-z0-9.\-_]{1,64}")


@dataclass(frozen=True)
class Channel:
    """An input of the algorithm.

    ``modes`` are the input modes it can be read in, ``content_types`` those it understands
    (none: any), ``compression`` what may be packed in Pipe mode beside plain data. Where
    ``required``, no job starts without it. ``attributes`` make it a channel of augmented
    manifests: those that the algorithm reads of each line, which come in Pipe mode alone.
    """

    name: str
    content_types: Sequence[str] = ()
    modes: Sequence[str] = (InputMode.FILE,)
    required: bool = True
    description: str = ""
    compression: Sequence[str] = ()
    attributes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.name.strip("."):
            raise DeclarationError(
                f"Channel({self.name!r}): use 1 to 64 of the characters A-Z a-z 0-9 . - _"
            )
        for field in ("content_types", "modes", "compression", "attributes"):
            given = getattr(self, field)
            if isinstance(given, str):
                raise DeclarationError(f"Channel({self.name!r}): {field} must be a list")
            object.__setattr__(self, field, tuple(dict.fromkeys(given)))
        self._words("modes", self.modes, [mode.value for mode in InputMode])
        self._words("compression", self.compression, [form.value for form in Compression])
        if not self.modes:
            raise DeclarationError(f"Channel({self.name!r}): modes must name at least one")
        if self.attributes and self.modes != (InputMode.PIPE,):
            raise DeclarationError(
                f"Channel({self.name!r}): attributes come in Pipe mode alone; set modes to ['Pipe']"
            )

    def _words(self, field: str, given: Sequence[str], known: Sequence[str]) -> None:
        for word in given:
            if word not in known:
                raise DeclarationError(
                    f"Channel({self.name!r}): {field} has {word!r}; use {', '.join(known)}"
                )

    @property
    def sole_content_type(self) -> str | None:
        """The content type of a channel that understands one alone: data without any is that."""
        return self.content_types[0] if len(self.content_types) == 1 else None

    def accepts(self, content_type: str) -> bool:
        """Whether the channel understands a content type; its parameters may differ."""
        bare = content_type.partition(";")[0].strip().lower()
        accepted = {known.partition(";")[0].strip().lower() for known in self.content_types}
        return not accepted or bare in accepted
