"""What a feeder must know of a Pipe-mode channel: its entries, their order, and their form."""

from __future__ import annotations

from dataclasses import dataclass, field

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.augmented_manifest import Line
from sm_container.harness.inputs.order import Share


@dataclass(frozen=True)
class PipeChannel:
    """A channel as one host gets it. An entry is an object, or a line of an augmented manifest."""

    name: str
    entries: tuple[Line, ...]
    share: Share = field(default_factory=Share)
    compression: Compression = Compression.NONE
    wrapper: RecordWrapper = RecordWrapper.NONE
