"""ManifestFile: a channel's objects named one by one, in a document that is itself an object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sm_container.storage.errors import StorageError
from sm_container.storage.uri import Scheme, parse

SIZE_LIMIT = 256 << 20
"""The largest manifest that is read, in bytes: far more entries than a channel can hold."""


class ManifestFileError(Exception):
    """A manifest is not what S3DataType ManifestFile asks for."""


@dataclass(frozen=True)
class ManifestFile:
    """The prefix that all objects share, a URI, and what follows it, object by object.

    Source: CreateTrainingJob, S3DataSource.S3Uri.
    """

    prefix: str
    paths: tuple[str, ...]


def parse_manifest(text: bytes, uri: str) -> ManifestFile:
    """Parse ``[{"prefix": "s3://bucket/folder/"}, "path/1", "path/2"]``.

    Raises:
        ManifestFileError: with the place of the first fault.
    """
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestFileError(f"the manifest {uri} is not JSON: {error}") from error
    if not isinstance(document, list) or not document:
        raise ManifestFileError(
            f'the manifest {uri} is not a list that begins with {{"prefix": "s3://..."}}'
        )
    prefix = _prefix(document[0], uri)
    for number, path in enumerate(document[1:], start=1):
        if not isinstance(path, str) or not path:
            raise ManifestFileError(
                f"the manifest {uri} has {json.dumps(path)[:80]} as its element {number}; "
                "each element after the first is a key that follows the prefix, as a string"
            )
    return ManifestFile(prefix, tuple(document[1:]))


def _prefix(element: object, uri: str) -> str:
    prefix = element.get("prefix") if isinstance(element, dict) else None
    if not isinstance(prefix, str) or not prefix:
        raise ManifestFileError(
            f'the manifest {uri} has no {{"prefix": "s3://..."}} as its first element'
        )
    try:
        there, here = parse(prefix), parse(uri)
    except StorageError as error:
        raise ManifestFileError(
            f"the manifest {uri} has a prefix that is no URI: {error}"
        ) from error
    # What comes from afar has no business with this machine's files.
    if here.scheme is Scheme.S3 and there.scheme is not Scheme.S3:
        raise ManifestFileError(f"the manifest {uri} has the prefix {prefix}, which is not in S3")
    return prefix
