"""``run --dry-run``: the /opt/ml tree as it would be, and the engine's exact command."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
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
class _File:
    """A file of the tree: its path in the container, and its JSON without secrets."""

    path: str
    content: Any


def print_dry_run(prepared: Prepared, out: Stream, *, as_json: bool) -> None:
    """Print what would be made and run; nothing is left on disk, no job exists afterwards."""
    arn = training_job_arn(prepared.request.name, prepared.options.region, ACCOUNT)
    hosts = {host: _tree(prepared, host, arn) for host in prepared.hosts}
    folder = JobFolder(prepared.home.jobs / prepared.request.name)
    commands = {
        host: prepared.engine.command(container_spec(prepared, folder, host, arn)) for host in hosts
    }
    if as_json:
        out.line(json.dumps(_document(prepared, hosts, commands), indent=2))
        return
    for host, (folders, files) in hosts.items():
        prefix = f"{host}: " if len(hosts) > 1 else ""
        out.line(f"{prefix}{DEFAULT_BASE}", bold=True)
        for path in folders:
            out.line(f"  {path}/")
        for file in files:
            out.line(f"  {file.path}")
            out.line(f"      {_abridged(file.content)}", dim=True)
        for plan in prepared.plans:
            for line in _channel(plan, host):
                out.line(line)
        out.line()
        out.line(f"{prefix}{prepared.engine.name}", bold=True)
        out.line(f"  {shlex.join(commands[host])}")
    for note in prepared.notes:
        out.line(f"note: {one_line(note, 500)}", fg="yellow")
    for text in prepared.request.not_simulated:
        out.line(f"not simulated: {one_line(text)}", dim=True)


def _tree(prepared: Prepared, host: str, arn: str) -> tuple[list[str], list[_File]]:
    """The empty folders and the files of a host's tree, made for a moment and read back."""
    with TemporaryDirectory(prefix="sm-container-") as scratch:
        base = Path(scratch) / "ml"
        write_tree(
            Layout(base),
            prepared.request,
            host,
            prepared.hosts,
            arn=arn,
            network_interface=prepared.network_interface,
        )
        folders, files = [], []
        for top, below, names in os.walk(base):
            below.sort()
            place = DEFAULT_BASE / Path(top).relative_to(base)
            if not below and not names:
                folders.append(str(place))
            for name in sorted(names):
                content = json.loads((Path(top) / name).read_bytes())
                files.append(_File(str(place / name), _redacted(content)))
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


def _document(
    prepared: Prepared,
    hosts: Mapping[str, tuple[list[str], list[_File]]],
    commands: Mapping[str, list[str]],
) -> dict[str, Any]:
    return {
        "TrainingJobName": prepared.request.name,
        "Engine": prepared.engine.name,
        "Hosts": {
            host: {
                "Folders": folders,
                "Files": {file.path: file.content for file in files},
                "Channels": {
                    plan.channel: {
                        "Objects": len(plan.share(host)),
                        "Bytes": plan.size(host),
                    }
                    for plan in prepared.plans
                },
                "Command": commands[host],
            }
            for host, (folders, files) in hosts.items()
        },
        "Notes": list(prepared.notes),
        "NotSimulated": list(prepared.request.not_simulated),
    }


def _abridged(content: Any) -> str:
    return one_line(json.dumps(content, ensure_ascii=False), _CONTENT_SHOWN)


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
