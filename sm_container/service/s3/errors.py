"""What S3 answers instead of a result. Source: Amazon S3 API Reference, "Error responses"."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.storage.errors import BucketNotFoundError, ObjectNotFoundError, StorageError


@dataclass
class S3Error(Exception):
    """A code, a sentence that says what to do, and the HTTP status."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def no_such_bucket(name: str) -> S3Error:
    return S3Error("NoSuchBucket", f"The specified bucket does not exist: {name}", 404)


def no_such_key(key: str) -> S3Error:
    return S3Error("NoSuchKey", f"The specified key does not exist: {key}", 404)


def invalid_argument(message: str) -> S3Error:
    return S3Error("InvalidArgument", message)


def not_here(what: str) -> S3Error:
    """For what would otherwise be accepted and have no effect."""
    return S3Error("NotImplemented", f"{what} is not supported by this S3", 501)


def of_storage(fault: StorageError, bucket: str, key: str) -> S3Error:
    """What a fault of the folder is to an S3 client."""
    if isinstance(fault, BucketNotFoundError):
        return no_such_bucket(bucket)
    if isinstance(fault, ObjectNotFoundError):
        return no_such_key(key)
    return S3Error("InvalidRequest", f"Objects are files here, and {fault}")
