"""What a job left in its output, to be downloaded: its own artifacts and nothing beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from sm_container.harness.job.record import JobRecord
from sm_container.harness.outputs.artifacts import Destination
from sm_container.service.account import Account
from sm_container.service.console.answering import not_found
from sm_container.service.console.asked import Asked
from sm_container.service.console.found import found_job
from sm_container.service.console.sending import streamed
from sm_container.service.errors import ServiceError
from sm_container.storage.errors import StorageError
from sm_container.storage.store import open_store

_SHOWN = 100
"""Files of an artifact that is no archive; there may be any number."""


@dataclass(frozen=True)
class Artifact:
    """An object that a job left: ``url`` is the console's own; ``size`` in bytes. ``fault``
    says why it cannot be told what there is."""

    name: str
    uri: str
    url: str = ""
    size: int = 0
    fault: str = ""


def artifacts(record: JobRecord) -> list[Artifact]:
    """What there is of a job that has ended: model and output data, archives or files."""
    destination = _destination(record)
    if destination is None:
        return []
    found: list[Artifact] = []
    for uri in (destination.model, destination.output):
        try:
            found += _objects(record, uri, destination)
        except StorageError as fault:
            found.append(Artifact(uri.rpartition("/")[2], uri, fault=str(fault)))
    return found


def artifact(account: Account, asked: Asked) -> Response:
    """One object of a job, as a file to keep."""
    _, record = found_job(account, asked)
    destination = _destination(record)
    named = asked.path["artifact"]
    uri = None if destination is None else _uri(destination, named)
    if uri is None:
        raise not_found("The job has no such artifact")
    try:
        store, key = open_store(uri, s3_root=_root(record))
        found = store.stat(key)
        stream = None if found is None else store.open(key)
    except StorageError as fault:
        raise ServiceError("InternalFailure", str(fault), 502) from fault
    if found is None or stream is None:
        raise not_found(f"There is no object {uri} any more")
    name = f"{record.name}-{named.rpartition('/')[2]}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(found.size),
    }
    kind = "application/gzip" if name.endswith(".gz") else "application/octet-stream"
    return StreamingResponse(streamed(stream, found.size), 200, headers, kind)


def _destination(record: JobRecord) -> Destination | None:
    output = record.document.get("OutputDataConfig", {})
    if not record.model_artifacts or "S3OutputPath" not in output:
        return None  # nothing was saved yet
    is_archive = output.get("CompressionType", "GZIP") == "GZIP"
    return Destination(output["S3OutputPath"], record.name, is_archive)


def _objects(record: JobRecord, uri: str, destination: Destination) -> Iterator[Artifact]:
    store, key = open_store(uri, s3_root=_root(record))
    if destination.compressed:
        here = store.stat(key)
        listed = [] if here is None else [here]
    else:
        listed = list(islice(store.list(f"{key}/"), _SHOWN))
    for each in listed:
        name = each.uri.removeprefix(f"{destination.folder}/")
        url = f"/jobs/{record.name}/artifacts/{quote(name)}"
        yield Artifact(name, each.uri, url, each.size)


def _uri(destination: Destination, name: str) -> str | None:
    """The object's URI; None for a name that is none of the job's artifacts."""
    uri = f"{destination.folder}/{name}"
    if destination.compressed:
        return uri if uri in (destination.model, destination.output) else None
    steps = name.split("/")
    is_below = uri.startswith((f"{destination.model}/", f"{destination.output}/"))
    return uri if is_below and not {"", ".", ".."} & set(steps) else None


def _root(record: JobRecord) -> Path | None:
    root = record.options.s3_root
    return None if root is None else Path(root)
