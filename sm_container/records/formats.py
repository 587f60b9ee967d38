"""Which format a content type or the name of a file means. Its module is imported when it is used.

>>> format_of("text/csv; label_size=0")
Csv(label_size=0, ...)
>>> format_of(None, "part-0001.parquet")
Parquet()
"""

from __future__ import annotations

import importlib
import operator
import re
from collections.abc import Mapping
from dataclasses import Field, fields
from enum import Enum
from typing import Any, cast

from sm_container.records.errors import FormatError
from sm_container.records.format import Format

_ROOM = "sm_container.records"
_FORMATS = {
    "text/csv": ("text.csv", "Csv"),
    "text/libsvm": ("text.libsvm", "Libsvm"),
    "application/jsonlines": ("text.jsonlines", "JsonLines"),
    "application/x-parquet": ("parquet", "Parquet"),
    "application/x-recordio": ("recordio.format", "RecordIOFormat"),
    "application/x-recordio-protobuf": ("protobuf", "ProtobufFormat"),
    "application/x-recordio-msgpack": ("msgpack_records", "MsgpackFormat"),
    "application/octet-stream": ("whole", "Whole"),
    "image/*": ("whole", "Whole"),
}
_ALIASES = {
    "csv": "text/csv",
    "libsvm": "text/libsvm",
    "text/x-libsvm": "text/libsvm",
    "jsonlines": "application/jsonlines",
    "application/x-ndjson": "application/jsonlines",
    "application/x-jsonlines": "application/jsonlines",
    "parquet": "application/x-parquet",
    "application/vnd.apache.parquet": "application/x-parquet",
    "application/parquet": "application/x-parquet",
    "recordio": "application/x-recordio",
    "recordio-protobuf": "application/x-recordio-protobuf",
    "application/x-protobuf": "application/x-recordio-protobuf",
    "protobuf": "application/x-recordio-protobuf",
    "recordio-msgpack": "application/x-recordio-msgpack",
    "msgpack": "application/x-recordio-msgpack",
    "octet-stream": "application/octet-stream",
}
_SUFFIXES = {
    ".csv": "text/csv",
    ".libsvm": "text/libsvm",
    ".svm": "text/libsvm",
    ".svmlight": "text/libsvm",
    ".jsonl": "application/jsonlines",
    ".jsonlines": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".parquet": "application/x-parquet",
    ".pq": "application/x-parquet",
    ".rec": "application/x-recordio",
    ".recordio": "application/x-recordio",
    ".pbr": "application/x-recordio-protobuf",
    ".protobuf": "application/x-recordio-protobuf",
    ".msgpack": "application/x-recordio-msgpack",
    ".bin": "application/octet-stream",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
_GZIP = (".gz", ".gzip")
_COMPRESSED = (*_GZIP, ".bz2", ".xz", ".zst", ".zip")
_FACT = "content_type"
"""The field of a format of several content types that says which it is: no option."""
_PART = re.compile(r'(?:[^;"]|"[^"]*")+')
"""A part of a content type, up to a semicolon that is not in quotation marks."""
_YES, _NO = ("true", "yes", "1", "present"), ("false", "no", "0", "absent")


def format_of(content_type: str | None, name: str | None = None, **options: Any) -> Format:
    """The format of a content type, else of the name of a file, with its fields set.

    ``content_type`` may have parameters (``text/csv; label_size=0``), may be a short name
    (``csv``, ``protobuf``) and any kind of image. ``options`` are the format's fields, and stand
    above the parameters.

    Raises FormatError where neither is known, and for a parameter that the format has not.
    """
    if content_type:
        kind, parameters = _parsed(content_type)
        return _made(kind, parameters, options, content_type)
    if name is None:
        raise FormatError(f"no content type is given. {_known()}")
    return _made(_by_name(name), {}, options, name)


def suffix_of(content_type: str) -> str:
    """How the name of a file of this content type ends; empty where names say nothing of it."""
    kind, _ = _parsed(content_type)
    return next((suffix for suffix, known in _SUFFIXES.items() if known == kind), "")


def _by_name(name: str) -> str:
    lowered = name.lower()
    for suffix, kind in _SUFFIXES.items():
        if lowered.endswith(suffix):
            return kind
    if lowered.endswith(_COMPRESSED):
        is_gzip = lowered.endswith(_GZIP)
        others = ", or let Pipe mode do so with CompressionType Gzip" if is_gzip else ""
        raise FormatError(f"{name} is compressed: unpack it{others}")
    raise FormatError(
        f"the name {name!r} does not say its format: give the content type. {_known()}"
    )


def _parsed(content_type: str) -> tuple[str, dict[str, str]]:
    kind, *rest = (part.strip() for part in _PART.findall(content_type) or [content_type])
    parameters: dict[str, str] = {}
    for part in filter(None, rest):
        name, equals, value = part.partition("=")
        if not equals:
            raise FormatError(f"{content_type!r}: a parameter is NAME=VALUE, and {part!r} is not")
        key = name.strip().lower()
        if key in parameters:
            raise FormatError(f"{content_type!r}: the parameter {key!r} is given twice")
        parameters[key] = value.strip().strip('"')
    return _ALIASES.get(kind.lower(), kind.lower()), parameters


def _made(
    kind: str, parameters: Mapping[str, str], options: Mapping[str, Any], said: str
) -> Format:
    is_image = kind.startswith("image/")
    place = _FORMATS.get("image/*" if is_image else kind)
    if place is None:
        raise FormatError(f"the content type {said!r} is not known here. {_known()}")
    module = importlib.import_module(f"{_ROOM}.{place[0]}")
    made = getattr(module, place[1])
    unknown = options.keys() - {field.name for field in _options(made)}
    if unknown:
        raise FormatError(f"{kind} has no option {', '.join(sorted(unknown))}; {_options_of(made)}")
    given = {**_fields(made, parameters, said), **_arguments(made, options)}
    if is_image:
        given["content_type"] = kind
    return cast(Format, made(**given))


def _fields(made: Any, parameters: Mapping[str, str], said: str) -> dict[str, Any]:
    found = {}
    defaults = {field.name: field.default for field in _options(made)}
    for key, text in parameters.items():
        if key == "charset" and text.lower() in ("utf-8", "utf8", "us-ascii", "ascii"):
            continue
        if key not in defaults:
            raise FormatError(f"{said!r}: no parameter {key!r} is known; {_options_of(made)}")
        try:
            found[key] = _typed(defaults[key], text)
        except ValueError as fault:
            raise FormatError(f"{said!r}: {key} cannot be {text!r}") from fault
    return found


def _arguments(made: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a caller gives them: of the type of their field, or the text that a parameter of
    the content type would be."""
    defaults = {field.name: field.default for field in _options(made)}
    found = {}
    for name, value in options.items():
        try:
            found[name] = _of_type(defaults[name], value)
        except (TypeError, ValueError) as fault:
            raise FormatError(f"{name} cannot be {value!r}") from fault
    return found


def _of_type(default: Any, value: Any) -> Any:
    if default is None or value is None:
        return value  # the format itself says what it takes
    if isinstance(value, str):
        return _typed(default, value)
    if isinstance(default, str):
        raise TypeError(value)
    if isinstance(default, bool):
        return bool(value)
    if isinstance(default, Enum):
        return type(default)(value)
    return operator.index(value) if isinstance(default, int) else tuple(value)


def _typed(default: Any, text: str) -> Any:
    """The text as a value of the kind that the field's default is."""
    if isinstance(default, bool):
        if text.lower() not in _YES + _NO:
            raise ValueError(text)
        return text.lower() in _YES
    if isinstance(default, Enum):
        return type(default)(text)
    if isinstance(default, int):
        return int(text)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(","))
    return text


def _options(made: Any) -> list[Field[Any]]:
    """The fields of a format that are a caller's to set."""
    return [field for field in fields(made) if field.name != _FACT]


def _options_of(made: Any) -> str:
    names = [field.name for field in _options(made)]
    return f"its options are {', '.join(names)}" if names else "it has no options"


def _known() -> str:
    return f"Known are {', '.join(_FORMATS)}"
