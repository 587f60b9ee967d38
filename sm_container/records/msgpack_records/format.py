"""The format application/x-recordio-msgpack: named tensors of any dtype, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sm_container.records.batch import Batch
from sm_container.records.msgpack_records.decode import MsgpackDecoder
from sm_container.records.msgpack_records.encode import encode
from sm_container.records.tensors.format import TensorFormat
from sm_container.records.tensors.pieces import Payloads


@dataclass(frozen=True)
class MsgpackFormat(TensorFormat):
    """Maps of tensors in RecordIO frames, as docs/msgpack-records.md describes them; for the
    columns see `TensorFormat`.
    """

    content_type: ClassVar[str] = "application/x-recordio-msgpack"

    def decoder(self) -> MsgpackDecoder:
        """What reads the payloads of one stream."""
        return MsgpackDecoder()

    def encode(self, batch: Batch) -> Payloads:
        """A payload for each row. Raises FormatError for a column that is no tensor, text or
        bytes."""
        return encode(batch)
