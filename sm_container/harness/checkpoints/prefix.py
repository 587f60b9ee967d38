"""The objects below CheckpointConfig's S3Uri, which all hosts of a job share.

Source: developer guide, "Use Checkpoints in Amazon SageMaker"; no host has a part of its own. That
S3Uri is a folder, whether or not a slash ends it, is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.contract.checkpoints import is_upload_marker
from sm_container.contract.manifest import ChannelManifest
from sm_container.harness.checkpoints.claims import Claims
from sm_container.harness.checkpoints.folder import LONGEST_PATH
from sm_container.harness.inputs.augmented_manifest import StoreOf
from sm_container.harness.inputs.landing import fault_of_key, is_folder_marker
from sm_container.harness.inputs.listing import InputObject, folders_of, some_of
from sm_container.storage.errors import BucketNotFoundError
from sm_container.storage.local import LocalStore
from sm_container.storage.store import Store


@dataclass(frozen=True)
class Found:
    """What there is to restore, each object with its place in the folder, and in ``notes`` what is
    passed over."""

    objects: tuple[InputObject, ...]
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(item.object.size for item in self.objects)


class Prefix:
    """A place in a store, for one attempt of all the hosts of a job."""

    def __init__(self, uri: str, store_of: StoreOf) -> None:
        """Raises StorageError for a URI that names no store."""
        self.uri = uri
        self.store: Store
        self.store, self._named = store_of(uri)
        self._key = f"{self._named.rstrip('/')}/" if self._named.rstrip("/") else ""
        self.claims = Claims()

    def key(self, name: str) -> str:
        """The key of a file."""
        return self._key + name

    def delete(self, name: str) -> None:
        """Remove the object of a file, and of a folder that stands for S3 what is empty then."""
        self.store.delete(self.key(name), below=self._key)

    def fault_of(self, name: str) -> str | None:
        """Why a file can have no object of its name; None where it can."""
        try:
            length = len(self.key(name).encode())
        except UnicodeEncodeError:
            return "its name is not UTF-8, which the keys of S3 are"
        if length > LONGEST_PATH:
            return f"its key would have {length} bytes; a key has at most {LONGEST_PATH}"
        return None

    def find(self) -> Found:
        """List what can be restored. An empty prefix is fine. Raises StorageError."""
        notes: list[str] = []
        objects: list[InputObject] = []
        try:
            for object in self.store.list(self._key, left_out=notes.append):
                path = object.key.removeprefix(self._key)
                if is_folder_marker(object.key, object.size) or is_upload_marker(path):
                    continue
                fault = fault_of_key(path, path)
                if fault is None:
                    objects.append(InputObject(object, path))
                else:
                    notes.append(f"{object.uri} was not restored: its key has {fault}")
        except BucketNotFoundError:
            # A folder that stands for S3 gets its buckets when something is written.
            if not isinstance(self.store, LocalStore):
                raise
        folders = folders_of(objects)
        notes += [
            f"{item.object.uri} was not restored: other objects lie below a folder of its name"
            for item in objects
            if item.path in folders
        ]
        apart = tuple(item for item in objects if item.path not in folders)
        return Found(apart, some_of(notes))

    def manifest(self, found: Found) -> ChannelManifest:
        """``checkpoints-manifest``, beside those of the channels. Source: observed."""
        return ChannelManifest(self._named, tuple(item.object.uri for item in found.objects))
