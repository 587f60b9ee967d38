"""The objects of a channel, with the paths where they land: S3Prefix, ManifestFile, and the lines
of an AugmentedManifestFile.

What is no object, or one that must give way, is told in notes; what can land nowhere, in faults.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sm_container.contract.inputs import InputMode
from sm_container.harness.inputs.augmented_manifest import Line, StoreOf, read_lines
from sm_container.harness.inputs.landing import is_folder_marker, landing, refusal
from sm_container.harness.inputs.manifest_file import (
    SIZE_LIMIT,
    ManifestFile,
    ManifestFileError,
    parse_manifest,
)
from sm_container.storage.errors import BucketNotFoundError
from sm_container.storage.objects import Object, in_binary_order
from sm_container.storage.store import Store
from sm_container.storage.uri import Scheme, parse

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class InputObject:
    """An object and where it lands, relative to the channel's folder."""

    object: Object
    path: str


@dataclass(frozen=True)
class Listing:
    """What a source holds: its objects in the order of their keys; as files, at different paths.

    ``prefix`` is the key prefix that all share, without the bucket; ``faults`` say what speaks
    against taking the objects at all, ``notes`` what the user should know besides. An augmented
    manifest has ``lines`` in the place of objects, and lies in ``store`` itself.
    """

    store: Store
    prefix: str
    objects: tuple[InputObject, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass
class _Findings:
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def list_prefix(
    uri: str, store_of: StoreOf, limit: int | None = None, mode: InputMode = InputMode.FILE
) -> Listing:
    """Every object whose key begins with the URI's key, literally; at most ``limit`` of them.

    As files of a folder they must not stand in each other's way; in Pipe mode any two can follow
    one another.

    A plain path or ``file://`` URI is a file, which is the one object, or a folder, which is a
    prefix with a slash at its end whether it is written or not.
    """
    store, prefix = store_of(uri)
    findings = _Findings()
    if parse(uri).scheme is Scheme.FILE:
        found, prefix = _local(store, prefix, findings)
    else:
        found = store.list(prefix, left_out=findings.notes.append)
    try:
        landed = _landed(((object, landing(prefix, object.key)) for object in found), findings)
        return _listing(store, prefix, list(islice(landed, limit)), findings, mode)
    except BucketNotFoundError:
        return Listing(store, prefix, ())


def list_manifest(
    uri: str, store_of: StoreOf, limit: int | None = None, mode: InputMode = InputMode.FILE
) -> Listing:
    """The objects that a manifest names: its prefix and each path put together, landing at the
    path; at most the first ``limit`` in the order of their keys.

    Raises:
        ManifestFileError: where the document is not such a manifest.
    """
    manifest = _read(uri, store_of)
    store, prefix = store_of(manifest.prefix)
    paths = {prefix + path: path for path in manifest.paths}
    findings = _Findings()
    if len(paths) < len(manifest.paths):
        twice = len(manifest.paths) - len(paths)
        findings.notes.append(f"{uri} names {twice} objects more than once; each is taken once")
    keys = sorted(paths, key=in_binary_order)[:limit]
    sound = []
    for key in keys:
        path = paths[key].removeprefix("/")
        fault = refusal(manifest.prefix + paths[key], key, path)
        if fault is None or key.endswith("/"):  # perhaps only a marker: its size will tell
            sound.append(key)
        else:
            findings.faults.append(fault)
    found = []
    for key, object in zip(sound, store.stat_all(sound), strict=True):
        if object is None:
            findings.faults.append(
                f"Failed to download data. There is no object {manifest.prefix}"
                f"{paths[key]}, which the manifest {uri} names"
            )
        else:
            found.append((object, paths[key].removeprefix("/")))
    return _listing(store, prefix, list(_landed(found, findings)), findings, mode)


def list_augmented_manifest(
    uri: str, attributes: Sequence[str], store_of: StoreOf, limit: int | None = None
) -> Listing:
    """The lines of an augmented manifest, at most the first ``limit``, their objects looked up.

    Raises:
        ManifestFileError: where there is no such manifest.
    """
    store, key = _manifest(uri, store_of)
    with store.open(key) as texts:
        read = read_lines(uri, texts, attributes, store_of, limit)
    return Listing(store, key, (), faults=some_of(read.faults), lines=read.lines)


def _read(uri: str, store_of: StoreOf) -> ManifestFile:
    store, key = _manifest(uri, store_of)
    return parse_manifest(store.read(key), uri)


def _manifest(uri: str, store_of: StoreOf) -> tuple[Store, str]:
    store, key = store_of(uri)
    object = store.stat(key)
    if object is None:
        raise ManifestFileError(f"there is no manifest {uri}")
    if object.size > SIZE_LIMIT:
        raise ManifestFileError(f"{uri} has {object.size} bytes, which no manifest has")
    return store, key


def _local(store: Store, key: str, findings: _Findings) -> tuple[Iterable[Object], str]:
    """The objects of a path, and the prefix that its key is."""
    if os.path.isdir(f"/{key}"):
        prefix = key if key.endswith("/") or not key else f"{key}/"
        return store.list(prefix, left_out=findings.notes.append), prefix
    object = None if key.endswith("/") else store.stat(key)
    return ([] if object is None else [object]), key


def _landed(found: Iterable[tuple[Object, str]], findings: _Findings) -> Iterator[InputObject]:
    for object, path in found:
        if is_folder_marker(object.key, object.size):
            continue
        fault = refusal(object.uri, object.key, path)
        if fault is None:
            yield InputObject(object, path)
        else:
            findings.faults.append(fault)


def _listing(
    store: Store, prefix: str, objects: list[InputObject], findings: _Findings, mode: InputMode
) -> Listing:
    # A server other than S3 may list in an order of its own.
    objects.sort(key=lambda item: in_binary_order(item.object.key))
    kept = objects if mode is InputMode.PIPE else _apart(objects, findings)
    return Listing(store, prefix, tuple(kept), some_of(findings.notes), some_of(findings.faults))


def _apart(objects: list[InputObject], findings: _Findings) -> list[InputObject]:
    """The objects that can all be files beside one another."""
    folders = folders_of(objects)
    taken: dict[str, Object] = {}
    kept = []
    for item in objects:
        if item.path in folders:
            findings.notes.append(
                f"{item.object.uri} was left out: other objects land below a folder of its name, "
                "and a folder shadows an object"
            )
        elif item.path in taken:
            findings.faults.append(
                f"Failed to download data. {taken[item.path].uri} and {item.object.uri} both land "
                f"at {item.path}; end the prefix with a slash to take a folder alone"
            )
        else:
            taken[item.path] = item.object
            kept.append(item)
    return kept


def folders_of(objects: Iterable[InputObject]) -> set[str]:
    """Every folder that something lands in, relative to the one of all."""
    folders: set[str] = set()
    for item in objects:
        folder = item.path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def some_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """The first of many sentences, and how many more there are."""
    more = len(sentences) - _SHOWN
    rest = (f"and {more} more like these",) if more > 0 else ()
    return (*sentences[:_SHOWN], *rest)
