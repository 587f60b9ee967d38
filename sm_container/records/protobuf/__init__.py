"""recordio-protobuf: the service's records of named tensors, read into columns and written."""

from sm_container.records.protobuf.decode import decode
from sm_container.records.protobuf.encode import encode
from sm_container.records.protobuf.format import ProtobufFormat

__all__ = ["ProtobufFormat", "decode", "encode"]
