"""What a bucket and a key may be called, where objects are files of a folder.

Source: Amazon S3 User Guide, "Bucket naming rules", "Object key naming guidelines"; a part of a
key has to be a file's name.
"""

from __future__ import annotations

import re

from sm_container.service.s3.errors import S3Error, invalid_argument

KEY_BYTES = 1024
_PART_BYTES = 255
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]")


def fault_of(key: str) -> S3Error | None:
    """Why a key cannot be written here; None where it can."""
    if len(key.encode()) > KEY_BYTES:
        return S3Error("KeyTooLongError", f"Your key is too long: it has at most {KEY_BYTES} bytes")
    if key.endswith("/"):
        return invalid_argument(
            "Objects are files here, and a key that ends with '/' names none: write the objects "
            "below it, their folders are made for them"
        )
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in key:
        return invalid_argument(
            "Objects are files here: no part of a key between its '/' can be empty, '.', or '..', "
            "or have a NUL"
        )
    if any(len(part.encode()) > _PART_BYTES for part in parts):
        return invalid_argument(
            f"Objects are files here: a part of a key between its '/' has at most {_PART_BYTES} "
            "bytes"
        )
    return None


def is_bucket(name: str) -> bool:
    """Whether a bucket could be called so in S3."""
    return _BUCKET.fullmatch(name) is not None
