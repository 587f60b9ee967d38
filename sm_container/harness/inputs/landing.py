"""Where an object lands below its channel's folder, and which keys can land nowhere."""

from __future__ import annotations

NAME_LIMIT = 255
"""The longest name of a file or folder, in bytes, on Linux."""


def landing(prefix: str, key: str) -> str:
    """The path of ``key`` below the channel's folder, for a channel with this key prefix.

    The prefix as a folder is left off, or as an object its folder; ``data/train`` also begins
    ``data/train-data.csv``, which then keeps its whole name. Source: observed of the service.
    """
    if key == prefix:
        return key.rpartition("/")[2]
    rest = key.removeprefix(prefix)
    if prefix.endswith("/") or not prefix:
        return rest
    if rest.startswith("/"):
        return rest[1:]
    return key[prefix.rfind("/") + 1 :]


def is_folder_marker(key: str, size: int) -> bool:
    """Whether an object only stands for a folder, as the S3 console makes them."""
    return key.endswith("/") and size == 0


def refusal(uri: str, key: str, path: str) -> str | None:
    """Why an object cannot be put at ``path`` below a folder; None where it can.

    Source: FailureReason as observed for ``//``. The other keys cannot be files, or would leave
    the folder.
    """
    fault = fault_of_key(key, path)
    return None if fault is None else f"Failed to download data. S3 key: {uri} has {fault}"


def fault_of_key(key: str, path: str) -> str | None:
    """What a key has that no file at ``path`` below a folder can have; None where it can be one."""
    if "//" in key or key.startswith("/"):
        return "an illegal char sub-sequence '//' in it"
    if "\0" in key:
        return "a NUL character in it, which no file name can have"
    if not path or path.endswith("/"):
        return "no file name at its end, but holds data"
    for part in (*key.split("/"), *path.split("/")):
        if part in (".", ".."):
            return f"a part {part!r}, which would lead out of the folder"
        try:
            length = len(part.encode())
        except UnicodeEncodeError:
            return "a name that is not UTF-8, which the keys of S3 are"
        if length > NAME_LIMIT:
            return f"a name of {length} bytes in it; a file's name has at most {NAME_LIMIT}"
    return None
