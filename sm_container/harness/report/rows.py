"""What a job moved, and where it left what it made, as rows of the page's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.contract.layout import Layout
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.outputs.artifacts import has_model
from sm_container.harness.store.folder import JobFolder


@dataclass(frozen=True)
class ChannelRow:
    """A channel on a host; shares are of the time that its stream was read, 0 to 1."""

    traffic: ChannelTraffic
    source: str
    waited: float | None
    busy: float | None


@dataclass(frozen=True)
class Place:
    """``path`` is on this machine, where the URI itself does not say so."""

    what: str
    uri: str
    path: str | None = None


def channel_rows(record: JobRecord) -> Iterator[ChannelRow]:
    """Every channel of every host that has moved something, as far as that is known by now."""
    sources = {
        each["ChannelName"]: _source(each) for each in record.document.get("InputDataConfig", ())
    }
    for each in record.traffic:
        is_stream = each.mode == "Pipe" and each.seconds > 0
        yield ChannelRow(
            each,
            sources.get(each.channel, ""),
            min(each.starved / each.seconds, 1.0) if is_stream else None,
            min(each.blocked / each.seconds, 1.0) if is_stream else None,
        )


def places(record: JobRecord, folder: JobFolder) -> Iterator[Place]:
    """Where the model, the output, the checkpoints and the job's own files are."""
    layouts = [Layout(folder.tree(host.name)) for host in folder.path.glob("hosts/*")]
    if record.model_artifacts:
        if has_model(layouts):
            yield _place(record, "model", record.model_artifacts)
        else:
            yield Place("model", "none: nothing was left in /opt/ml/model")
    output = record.document.get("OutputDataConfig", {}).get("S3OutputPath")
    if output:
        yield _place(record, "output", f"{output.rstrip('/')}/{record.name}/output")
    checkpoints = record.document.get("CheckpointConfig", {}).get("S3Uri")
    if checkpoints:
        yield _place(record, "checkpoints", checkpoints)
    yield Place("job folder", str(folder.path))
    for host in folder.hosts_with_logs():
        yield Place(f"log of {host}", str(folder.log(host)))


def _place(record: JobRecord, what: str, uri: str) -> Place:
    root = record.options.s3_root
    if root is None or not uri.startswith("s3://"):
        return Place(what, uri)
    return Place(what, uri, str(Path(root) / uri.removeprefix("s3://")))


def _source(channel: Mapping[str, Any]) -> str:
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    return str(source.get("S3Uri", ""))
