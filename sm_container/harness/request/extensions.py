"""The local extensions: what this harness accepts beyond the service's model, and nothing else.

* Wherever the service wants an S3 URI, a path or a ``file://`` URI stands for local data.
* Where it wants an image, the path of a program or of a folder with one stands for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

LOCAL_ROLE = "arn:aws:iam::000000000000:role/sm-container"
"""The RoleArn of a request that was made from flags: no role at all."""
PATH_LIMIT = 4096
"""The longest path in bytes that Linux takes."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_FILE = "file://"


def is_local_uri(uri: str) -> bool:
    """Whether `uri` names local data: a path, or a ``file://`` URI with an absolute path.

    A path whose first step looks like a scheme (``s3:/typo``) is none: write ``./s3:/typo``.
    """
    if uri.startswith(_FILE):
        return local_path(uri).startswith("/") and _is_path(local_path(uri))
    return _SCHEME.match(uri) is None and _is_path(uri)


def is_program(image: str) -> bool:
    """Whether a TrainingImage is the path of a program or folder rather than an image."""
    return image.startswith(("/", "./", "../")) and _is_path(image)


Extensions = Mapping[str, Callable[[str], bool]]

LOCAL: Extensions = {"S3Uri": is_local_uri, "AlgorithmImage": is_program}
"""By shape: which of its values are a local extension, and so not the model's to judge."""
NONE: Extensions = {}
"""For requests that come from elsewhere: no path in them may mean anything on this machine."""


def local_path(uri: str) -> str:
    """The path that a local URI means, as written; ``%20`` and the like only in ``file://``."""
    if not uri.startswith(_FILE):
        return uri
    return unquote(uri.removeprefix(_FILE).removeprefix("localhost"), errors="surrogateescape")


def absolute(uri: str) -> str:
    """A local URI with its path made absolute, a slash at the end kept; any other as it is."""
    if not is_local_uri(uri) or uri.startswith(_FILE):
        return uri
    slash = "/" if uri.endswith("/") and uri.strip("/") else ""
    return os.path.abspath(uri) + slash


def resolved(uri: str) -> str:
    """An S3 URI as it is, local data as an absolute path, a slash at the end kept."""
    return absolute(local_path(uri)) if is_local_uri(uri) else uri


def _is_path(path: str) -> bool:
    if not path or "\0" in path:
        return False
    return len(path.encode("utf-8", "surrogateescape")) <= PATH_LIMIT
