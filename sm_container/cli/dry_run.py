"""``run --dry-run``: the /opt/ml tree as it would be, and the engine's exact command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line, size
from sm_container.contract.layout import DEFAULT_BASE, Layout
from sm_container.contract.platform import training_job_arn
from sm_container.contract.redaction import REDACTED, holds_secret, is_secret
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.harness.life.containers import container_spec
from sm_container.harness.life.launch import ACCOUNT
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.tree import write_tree
from sm_container.harness.store.folder import JobFolder

_CONTENT_SHOWN = 400
_OBJECTS_SHOWN = 5


@dataclass(frozen=True)
class _Host:
    """What a host would have: empty folders, files (JSON without secrets), its engine's command."""

    folders: list[str]
    files: dict[str, Any]
    command: list[str]


def print_dry_run(prepared: Prepared, out: Stream, *, as_json: bool) -> None:
    """Print what would be made and run; nothing is left on disk, no job exists afterwards."""
    # Beside the jobs, since an engine looks at what it is to mount, and named so that the next
    # command deletes it where this one is killed.
    scratch = JobFolder(prepared.home.jobs / f".creating-{uuid.uuid4().hex}")
    try:
        hosts = {host: _host(prepared, scratch, host) for host in prepared.hosts}
    finally:
        shutil.rmtree(scratch.path, ignore_errors=not scratch.path.exists())
    if as_json:
        out.line(json.dumps(_document(prepared, hosts), indent=2))
        return
    for name, host in hosts.items():
        _print_host(prepared, name, host, out)
    for note in prepared.notes:
        out.line(f"note: {one_line(note, 500)}", fg="yellow")
    for text in prepared.request.not_simulated:
        out.line(f"not simulated: {one_line(text)}", dim=True)


def _print_host(prepared: Prepared, name: str, host: _Host, out: Stream) -> None:
    prefix = f"{name}: " if len(prepared.hosts) > 1 else ""
    out.line(f"{prefix}{DEFAULT_BASE}", bold=True)
    for path in host.folders:
        out.line(f"  {path}/")
    for path, content in host.files.items():
        out.line(f"  {path}")
        out.line(f"      {one_line(json.dumps(content, ensure_ascii=False), _CONTENT_SHOWN)}")
    for plan in prepared.plans:
        for line in _channel(plan, name):
            out.line(line)
    out.line()
    out.line(f"{prefix}{prepared.engine.name}", bold=True)
    out.line(f"  {shlex.join(host.command)}")


def _host(prepared: Prepared, scratch: JobFolder, host: str) -> _Host:
    """A host's tree, made for a moment and read back, and the command as for the real folder."""
    request = prepared.request
    arn = training_job_arn(request.name, prepared.options.region, ACCOUNT)
    layout = Layout(scratch.tree(host))
    write_tree(
        layout,
        request,
        host,
        prepared.hosts,
        arn=arn,
        network_interface=prepared.network_interface,
    )
    folders, files = _read(layout.base)
    for plan in prepared.plans:
        layout.channel(plan.channel).mkdir()
    real = str(prepared.home.jobs / request.name)
    words = prepared.engine.command(container_spec(prepared, scratch, host, arn))
    return _Host(folders, files, [word.replace(str(scratch.path), real) for word in words])


def _read(base: Path) -> tuple[list[str], dict[str, Any]]:
    folders, files = [], {}
    for top, below, names in os.walk(base):
        below.sort()
        place = DEFAULT_BASE / Path(top).relative_to(base)
        if not below and not names:
            folders.append(str(place))
        for name in sorted(names):
            files[str(place / name)] = _redacted(json.loads((Path(top) / name).read_bytes()))
    return folders, files


def _channel(plan: ChannelPlan, host: str) -> Iterator[str]:
    share = plan.share(host)
    place = Layout(DEFAULT_BASE).channel(plan.channel)
    objects = "1 object" if len(share) == 1 else f"{len(share)} objects"
    yield f"  {place}/  {objects}, {size(plan.size(host))}"
    for item in share[:_OBJECTS_SHOWN]:
        yield f"      {one_line(item.path)}  {size(item.object.size)}"
    if len(share) > _OBJECTS_SHOWN:
        yield f"      and {len(share) - _OBJECTS_SHOWN} more"


def _document(prepared: Prepared, hosts: Mapping[str, _Host]) -> dict[str, Any]:
    return {
        "TrainingJobName": prepared.request.name,
        "Engine": prepared.engine.name,
        "Hosts": {
            name: {
                "Folders": host.folders,
                "Files": host.files,
                "Channels": {
                    plan.channel: {"Objects": len(plan.share(name)), "Bytes": plan.size(name)}
                    for plan in prepared.plans
                },
                "Command": host.command,
            }
            for name, host in hosts.items()
        },
        "Notes": list(prepared.notes),
        "NotSimulated": list(prepared.request.not_simulated),
    }


def _redacted(value: Any, name: str = "") -> Any:
    """A JSON document without the values whose name or form says that they are secrets."""
    if isinstance(value, Mapping):
        tag = value["Key"] if value.keys() == {"Key", "Value"} else None
        return {
            key: _redacted(each, tag if tag and key == "Value" else key)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_redacted(each, name) for each in value]
    if isinstance(value, str) and (is_secret(name) or holds_secret(value)):
        return REDACTED
    return value
