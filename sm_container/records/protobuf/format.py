"""The format application/x-recordio-protobuf: records of named tensors, as columns of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sm_container.records.batch import Batch
from sm_container.records.protobuf.decode import ProtobufDecoder
from sm_container.records.protobuf.encode import encode
from sm_container.records.tensors.format import TensorFormat
from sm_container.records.tensors.pieces import Payloads


@dataclass(frozen=True)
class ProtobufFormat(TensorFormat):
    """The service's Record messages in RecordIO frames; for the columns see `TensorFormat`."""

    content_type: ClassVar[str] = "application/x-recordio-protobuf"

    def decoder(self) -> ProtobufDecoder:
        """What reads the payloads of one stream."""
        return ProtobufDecoder()

    def encode(self, batch: Batch) -> Payloads:
        """A payload for each row. Raises FormatError for a column that is no tensor, text or bytes,
        and for numbers that float32, float64 and int32 cannot hold without loss."""
        return encode(batch)
