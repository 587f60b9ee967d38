"""The service's messages for the protobuf package, which our readers and writers are held against.

Source: the service's record.proto, package aialgs.data.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPES = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "aialgs.data"


def record() -> Any:
    """A new, empty Record."""
    return _RECORD()


def parsed(payload: bytes) -> Any:
    """The payload as a Record, read by the protobuf package, which raises for what is none."""
    message = _RECORD()
    message.ParseFromString(payload)
    return message


def numbers(tensor: Any) -> Any:
    """The tensor that a Value has, None where it is bytes or nothing."""
    which = tensor.WhichOneof("value")
    return getattr(tensor, which) if which and which.endswith("_tensor") else None


def _field(message: Any, name: str, number: int, kind: int, **options: Any) -> Any:
    field = message.field.add(name=name, number=number, type=kind, label=_TYPES.LABEL_OPTIONAL)
    if options.get("repeated"):
        field.label = _TYPES.LABEL_REPEATED
    if options.get("packed"):
        field.options.packed = True
    if "of" in options:
        field.type_name = f".{_PACKAGE}.{options['of']}"
    return field


def _made() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="record.proto", package=_PACKAGE)
    for name, kind in (
        ("Float32Tensor", _TYPES.TYPE_FLOAT),
        ("Float64Tensor", _TYPES.TYPE_DOUBLE),
        ("Int32Tensor", _TYPES.TYPE_INT32),
    ):
        tensor = file.message_type.add(name=name)
        _field(tensor, "values", 1, kind, repeated=True, packed=True)
        _field(tensor, "keys", 2, _TYPES.TYPE_UINT64, repeated=True, packed=True)
        _field(tensor, "shape", 3, _TYPES.TYPE_UINT64, repeated=True, packed=True)
    blob = file.message_type.add(name="Bytes")
    _field(blob, "value", 1, _TYPES.TYPE_BYTES, repeated=True)
    _field(blob, "content_type", 2, _TYPES.TYPE_STRING)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, number, message in (
        ("float32_tensor", 2, "Float32Tensor"),
        ("float64_tensor", 3, "Float64Tensor"),
        ("int32_tensor", 7, "Int32Tensor"),
        ("bytes", 9, "Bytes"),
    ):
        _field(value, name, number, _TYPES.TYPE_MESSAGE, of=message).oneof_index = 0
    whole = file.message_type.add(name="Record")
    for number, (name, entry) in enumerate(
        (("features", "FeaturesEntry"), ("label", "LabelEntry")), start=1
    ):
        nested = whole.nested_type.add(name=entry)
        nested.options.map_entry = True
        _field(nested, "key", 1, _TYPES.TYPE_STRING)
        _field(nested, "value", 2, _TYPES.TYPE_MESSAGE, of="Value")
        map_of = f"Record.{entry}"
        _field(whole, name, number, _TYPES.TYPE_MESSAGE, repeated=True, of=map_of)
    for number, name in enumerate(("uid", "metadata", "configuration"), start=3):
        _field(whole, name, number, _TYPES.TYPE_STRING)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Record"))


_RECORD = _made()
