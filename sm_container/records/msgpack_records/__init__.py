"""Msgpack records: named tensors of any dtype, read into columns and written."""

from sm_container.records.msgpack_records.decode import decode
from sm_container.records.msgpack_records.encode import encode
from sm_container.records.msgpack_records.format import MsgpackFormat

__all__ = ["MsgpackFormat", "decode", "encode"]
