"""What can go wrong with a store, each said in one line: which object, what, and what to do."""

from __future__ import annotations


class StorageError(Exception):
    """An object or its store cannot be used.

    ``uri`` is the object (or bucket, or file), ``what`` the fault, ``what_to_do`` the way out.
    """

    def __init__(self, uri: str, what: str, what_to_do: str) -> None:
        super().__init__(uri, what, what_to_do)
        self.uri = uri
        self.what = what
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        text = f"{self.uri}: {self.what}; {self.what_to_do}"
        # A key may hold line ends, and a file's name bytes that no terminal can print.
        return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


class NoCredentialsError(StorageError):
    """S3 is to be asked, and nothing says as whom."""


class ObjectNotFoundError(StorageError):
    """There is no such object."""


class BucketNotFoundError(StorageError):
    """There is no such bucket."""


class ObjectChangedError(StorageError):
    """An object is not, or not any more, what its listing said."""
