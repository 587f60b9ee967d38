"""AugmentedManifestFile: a channel as JSON lines, each with the values of some attributes.

A line gives one value for each of AttributeNames, in their order. An attribute whose name ends in
``-ref`` names an object, whose bytes are the value; any other is its own text.

Source: CreateTrainingJob, S3DataSource.S3DataType and AttributeNames.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_container.storage.errors import StorageError
from sm_container.storage.objects import Object
from sm_container.storage.store import Store
from sm_container.storage.uri import Location, Scheme, parse

REFERENCE = "-ref"
"""How the name of an attribute ends whose value is the URI of an object."""

_TOLD = 3

StoreOf = Callable[[str], tuple[Store, str]]
Value = Object | str
"""An object, or text that stands for itself."""
Line = tuple[Value, ...]
"""The values of one line of the manifest, in the order of AttributeNames."""


@dataclass(frozen=True)
class Reference:
    """A URI in a manifest's line, not looked up yet."""

    uri: str
    location: Location


@dataclass(frozen=True)
class Lines:
    """The lines of a manifest, and a sentence for each thing that is wrong with one."""

    lines: tuple[Line, ...]
    faults: tuple[str, ...]


def read_lines(
    uri: str,
    texts: Iterable[bytes],
    attributes: Sequence[str],
    store_of: StoreOf,
    limit: int | None,
) -> Lines:
    """Read the manifest's lines, at most the first ``limit``, and look their objects up.

    Empty lines are passed over. From a manifest in S3 only objects of S3 are taken: what comes from
    afar has no business with this machine's files.
    """
    remote = parse(uri).scheme is Scheme.S3
    faults: list[str] = []
    parsed: list[tuple[int, list[Reference | str]]] = []
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        if len(parsed) == limit:
            break
        try:
            parsed.append((number, list(_values(text, attributes, remote))))
        except ValueError as fault:
            faults.append(f"line {number} of {uri} {fault}")
    found = _look_up((value for _, line in parsed for value in line), store_of)
    lines = []
    for number, values in parsed:
        settled = [found.get(v.uri) if isinstance(v, Reference) else v for v in values]
        for value, given in zip(settled, values, strict=True):
            if value is None and isinstance(given, Reference):
                faults.append(
                    f"Failed to download data. There is no object {given.uri}, which line "
                    f"{number} of {uri} names"
                )
        lines.append(tuple(value for value in settled if value is not None))
    # What is wrong with one line is mostly wrong with all: the first few tell it.
    more = len(faults) - _TOLD
    rest = (f"and {more} more lines like these",) if more > 0 else ()
    return Lines(tuple(lines), (*faults[:_TOLD], *rest))


def _values(text: bytes, attributes: Sequence[str], remote: bool) -> Iterator[Reference | str]:
    """The values of one line; raises ValueError with what follows the line's number."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"is not JSON: {fault}") from fault
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")
    for name in attributes:
        if name not in document:
            has = ", ".join(map(repr, document))[:200] or "none"
            raise ValueError(f"has no attribute {name!r}, which AttributeNames lists; it has {has}")
        value = document[name]
        if name.endswith(REFERENCE):
            yield _reference(name, value, remote)
        else:
            yield _text(name, value)


def _reference(name: str, value: object, remote: bool) -> Reference:
    if not isinstance(value, str) or not value:
        raise ValueError(f"has {json.dumps(value)[:80]} as {name!r}, which must be an S3 URI")
    try:
        location = parse(value)
    except StorageError as fault:
        raise ValueError(f"has {value[:200]!r} as {name!r}, which is no URI: {fault}") from fault
    if remote and location.scheme is not Scheme.S3:
        raise ValueError(f"has {value[:200]!r} as {name!r}, which is not in S3")
    return Reference(value, location)


def _text(name: str, value: object) -> str:
    text = value if isinstance(value, str) else _compact(value)
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        raise ValueError(f"has half of a surrogate pair in {name!r}, which is no text") from fault
    return text


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _look_up(values: Iterable[Reference | str], store_of: StoreOf) -> Mapping[str, Object | None]:
    """The objects of all URIs, bucket by bucket, each asked for once."""
    keys: dict[tuple[Scheme, str], dict[str, str]] = {}
    for value in values:
        if isinstance(value, Reference):
            bucket = keys.setdefault((value.location.scheme, value.location.bucket), {})
            bucket[value.uri] = value.location.key
    found: dict[str, Object | None] = {}
    for uris in keys.values():
        store, _ = store_of(next(iter(uris)))
        found.update(zip(uris, store.stat_all(list(uris.values())), strict=True))
    return found
