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
from sm_container.cli.text import one_line
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import DEFAULT_BASE, Layout
from sm_container.contract.platform import training_job_arn
from sm_container.contract.redaction import REDACTED, holds_secret, is_secret
from sm_container.harness.checkpoints.place import plain
from sm_container.harness.inputs.feed.process import feed_command
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.containers import container_spec
from sm_container.harness.life.feeding import feed_plan
from sm_container.harness.life.launch import ACCOUNT
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.tree import write_tree
from sm_container.harness.sizes import size
from sm_container.harness.store.folder import JobFolder

_CONTENT_SHOWN = 400
_OBJECTS_SHOWN = 5


@dataclass(frozen=True)
class _Host:
    """What a host would have: empty folders, files (JSON without secrets), its engine's command."""

    folders: list[str]
    files: dict[str, Any]
    command: list[str]
    feeder: list[str]


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
    checkpoint = prepared.request.checkpoint
    local_path = None if checkpoint is None else str(plain(checkpoint.local_path))
    for path in host.folders:
        if path != local_path:
            out.line(f"  {path}/")
    for path, content in host.files.items():
        out.line(f"  {path}")
        out.line(f"      {one_line(json.dumps(content, ensure_ascii=False), _CONTENT_SHOWN)}")
    for plan in prepared.plans:
        for line in _channel(prepared, plan, name):
            out.line(line)
    if checkpoint is not None:
        out.line(f"  {local_path}/  (kept at {one_line(checkpoint.uri)})")
    out.line()
    out.line(f"{prefix}{prepared.engine.name}", bold=True)
    out.line(f"  {shlex.join(host.command)}")
    if host.feeder:
        out.line()
        out.line(f"{prefix}feeder, beside it", bold=True)
        out.line(f"  {shlex.join(host.feeder)}")


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
    if request.checkpoint is not None:
        checkpoint_place(request.checkpoint, scratch, host).folder.make_empty()
    folders, files = _read(layout.base)
    for plan in prepared.plans:
        if plan.mode is not InputMode.PIPE:
            layout.channel(plan.channel).mkdir()
    real = str(prepared.home.jobs / request.name)
    words = prepared.engine.command(container_spec(prepared, scratch, host, arn))
    feeder = [] if feed_plan(prepared, scratch, host) is None else feed_command(scratch.feed(host))
    return _Host(
        folders,
        files,
        [word.replace(str(scratch.path), real) for word in words],
        [word.replace(str(scratch.path), real) for word in feeder],
    )


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


def _channel(prepared: Prepared, plan: ChannelPlan, host: str) -> Iterator[str]:
    count = len(plan.places(host))
    what = "line" if plan.lines else "object"
    objects = f"1 {what}" if count == 1 else f"{count} {what}s"
    yield f"  {_place(prepared, plan)}  {objects}, {size(plan.size(host))}"
    if plan.lines:
        return
    for item in plan.share(host)[:_OBJECTS_SHOWN]:
        name = item.object.uri if plan.mode is InputMode.PIPE else item.path
        yield f"      {one_line(name)}  {size(item.object.size)}"
    if count > _OBJECTS_SHOWN:
        yield f"      and {count - _OBJECTS_SHOWN} more"


def _place(prepared: Prepared, plan: ChannelPlan) -> str:
    """Where the container finds the channel, and what stands there."""
    layout = Layout(DEFAULT_BASE)
    if plan.mode is InputMode.PIPE:
        return f"{layout.channel_fifo(plan.channel, 0)}  (a FIFO, and one for each epoch after it)"
    folder = f"{layout.channel(plan.channel)}/"
    if plan.mode is InputMode.FILE:
        return folder
    bound = prepared.binds.get(plan.channel)
    return f"{folder}  ({'a FUSE mount' if bound is None else f'{bound} itself'}, read-only)"


def _document(prepared: Prepared, hosts: Mapping[str, _Host]) -> dict[str, Any]:
    return {
        "TrainingJobName": prepared.request.name,
        "Engine": prepared.engine.name,
        "Hosts": {
            name: {
                "Folders": host.folders,
                "Files": host.files,
                "Channels": {
                    plan.channel: {
                        "Mode": str(plan.mode),
                        "Objects": len(plan.places(name)),
                        "Bytes": plan.size(name),
                    }
                    for plan in prepared.plans
                },
                "Command": host.command,
                **({"Feeder": host.feeder} if host.feeder else {}),
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
