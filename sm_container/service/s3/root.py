"""The folder that stands for S3: its buckets are folders in it, as for jobs."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.service.s3.errors import S3Error, no_such_bucket
from sm_container.service.s3.keys import is_bucket
from sm_container.storage.local import LocalStore

UPLOADS = ".sm-container-uploads"
"""The folder of the multipart uploads that are not complete; no bucket's name begins so."""


@dataclass(frozen=True)
class Root:
    """``s3://bucket/key`` is ``path/bucket/key``. ``settling`` is held by writers that first look
    at what is there."""

    path: Path
    settling: threading.Lock = field(default_factory=threading.Lock)

    def bucket(self, name: str) -> LocalStore:
        """The objects of a bucket.

        Raises:
            S3Error: where there is no such bucket.
        """
        if not self._has(name):
            raise no_such_bucket(name)
        return LocalStore(self.path / name, f"s3://{name}/", boundary=self.path)

    def file(self, bucket: str, key: str) -> Path:
        return self.path / bucket / key

    def buckets(self) -> list[tuple[str, float]]:
        """Names, and when each was made or last changed, in epoch seconds."""
        with os.scandir(self.path) as entries:
            found = [(each.name, each.stat().st_mtime) for each in entries if self._has(each.name)]
        return sorted(found)

    def create(self, name: str) -> None:
        """Make a bucket.

        Raises:
            S3Error: where it is there, or cannot be called so.
        """
        if not is_bucket(name):
            raise S3Error("InvalidBucketName", f"The specified bucket is not valid: {name}")
        try:
            (self.path / name).mkdir()
        except FileExistsError:
            raise S3Error(
                "BucketAlreadyOwnedByYou", f"You have a bucket of this name: {name}", 409
            ) from None

    def delete(self, name: str) -> None:
        """Take an empty bucket away.

        Raises:
            S3Error: where there is none, or it has objects.
        """
        if next(self.bucket(name).list(""), None) is not None:
            raise S3Error("BucketNotEmpty", f"The bucket has objects: {name}", 409)
        path = self.path / name
        for folder, _, _ in os.walk(path, topdown=False):
            try:
                os.rmdir(folder)
            except OSError as fault:
                raise S3Error(
                    "BucketNotEmpty", f"{folder} holds what is no object: {fault.strerror}", 409
                ) from fault

    def _has(self, name: str) -> bool:
        """Whether there is a bucket: a folder in ours, no link that leads out of it."""
        if not name or name.startswith(".") or {"/", "\0"} & set(name):
            return False
        real, root = os.path.realpath(self.path / name), os.path.realpath(self.path)
        return os.path.isdir(real) and real.startswith(root.rstrip("/") + "/")
