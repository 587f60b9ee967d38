"""A job on one page: its description, for a person to read."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_container.cli.stream import Stream
from sm_container.cli.summary import NO_MODEL, kept, left_a_model, moved, saved, tried
from sm_container.cli.text import duration, moment, one_line, printable
from sm_container.contract.redaction import redacted
from sm_container.harness.describe import describe
from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import JobFolder

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_COLOURS = {"Completed": "green", "Failed": "red", "Stopped": "yellow"}
_WIDE = 10_000

Row = tuple[str, str]


def print_page(record: JobRecord, folder: JobFolder, out: Stream, *, is_orphan: bool) -> None:
    """Sections of names and values; away from a terminal nothing is wrapped or coloured."""
    from rich.console import Console
    from rich.text import Text

    drawing = io.StringIO()
    console = Console(
        file=drawing,
        force_terminal=out.has_colour,
        no_color=not out.has_colour,
        width=shutil.get_terminal_size().columns if out.is_terminal else _WIDE,
        highlight=False,
    )
    colour = _COLOURS.get(record.status.value, "cyan")
    console.print(Text(record.name, style="bold"), Text(_state(record, is_orphan), style=colour))
    for heading, body in _sections(record, folder):
        console.print()
        console.print(Text(heading, style="bold"))
        console.print(body)
    for line in drawing.getvalue().splitlines():
        out.line(line.rstrip())


def _state(record: JobRecord, is_orphan: bool) -> str:
    secondary = record.secondary_status.value
    state = record.status.value
    if secondary != state:
        state = f"{state} ({secondary})"
    return f"{state}; its process is gone" if is_orphan else state


def _sections(record: JobRecord, folder: JobFolder) -> Iterator[tuple[str, RenderableType]]:
    description = describe(record)
    yield "Job", _grid(_job(record, folder, description))
    channels = [_channel(each) for each in description.get("InputDataConfig", ())]
    if channels:
        yield "Channels", _grid(channels)
    for heading, member in (("Hyperparameters", "HyperParameters"), ("Environment", "Environment")):
        values = redacted(description.get(member, {}))
        if values:
            yield heading, _grid([(name, one_line(value)) for name, value in values.items()])
    yield "Statuses", _statuses(record)
    if record.attempts:
        yield "Attempts", _attempts(record)
    if record.traffic:
        yield "Data", _grid([(each.channel, moved(each)) for each in record.traffic])
    if record.checkpoints:
        yield "Checkpoints", _grid([(each.host, kept(each)) for each in record.checkpoints])
    if record.final_metrics:
        yield "Metrics", _grid([(each.name, f"{each.value:.6g}") for each in record.final_metrics])
    for heading, texts in (("Notes", record.notes), ("Not simulated", record.not_simulated)):
        if texts:
            yield heading, _grid([("-", printable(text)) for text in texts])


def _job(record: JobRecord, folder: JobFolder, description: Mapping[str, Any]) -> list[Row]:
    resources = description.get("ResourceConfig", {})
    algorithm = description["AlgorithmSpecification"]
    rows: list[tuple[str, str | None]] = [
        ("arn", record.arn),
        ("target", record.options.target),
        ("engine", record.engine),
        ("entry point", _words(algorithm.get("ContainerEntrypoint"))),
        ("arguments", _words(algorithm.get("ContainerArguments"))),
        ("instance", f"{resources.get('InstanceCount')} x {resources.get('InstanceType')}"),
        ("time limit", _limits(description)),
        ("isolated", "yes" if description.get("EnableNetworkIsolation") else None),
        ("created", moment(record.created)),
        ("trained", None if record.training_seconds is None else duration(record.training_seconds)),
        ("saving", None if record.saving_percent is None else saved(record)),
        ("exit code", None if record.exit_code is None else str(record.exit_code)),
        ("reason", record.failure_reason),
        ("cause", record.fault),
        ("model", _model(record, folder)),
        ("output", description["OutputDataConfig"].get("S3OutputPath")),
        ("checkpoints", description.get("CheckpointConfig", {}).get("S3Uri")),
        ("folder", str(folder.path)),
    ]
    return [(label, printable(text)) for label, text in rows if text]


def _limits(description: Mapping[str, Any]) -> str:
    condition = description["StoppingCondition"]
    runtime = duration(condition["MaxRuntimeInSeconds"])
    if not description.get("EnableManagedSpotTraining"):
        return runtime
    return f"{runtime}, with waiting {duration(condition['MaxWaitTimeInSeconds'])}; spot instances"


def _model(record: JobRecord, folder: JobFolder) -> str | None:
    if not record.model_artifacts:
        return None
    return record.model_artifacts if left_a_model(folder) else NO_MODEL


def _words(words: Sequence[str] | None) -> str | None:
    import shlex

    return None if words is None else shlex.join(words)


def _channel(channel: Mapping[str, Any]) -> Row:
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    plain = {"None", "S3Prefix", "FullyReplicated"}
    said = [
        channel.get("InputMode"),
        channel.get("ContentType"),
        channel.get("CompressionType"),
        channel.get("RecordWrapperType"),
        source.get("S3DataType"),
        source.get("S3DataDistributionType"),
    ]
    more = ", ".join(each for each in said if each and each not in plain)
    uri = one_line(str(source.get("S3Uri", "")), 1024)
    return channel["ChannelName"], f"{uri}  ({more})" if more else uri


def _statuses(record: JobRecord) -> Table:
    table = _table()
    for each in record.transitions:
        took = "" if each.end is None else duration(each.end - each.start)
        table.add_row(moment(each.start), each.status.value, took, each.message)
    return table


def _attempts(record: JobRecord) -> Table:
    table = _table()
    for number, each in enumerate(record.attempts, 1):
        table.add_row(str(number), moment(each.start), tried(each))
    return table


def _grid(rows: Sequence[Row]) -> Table:
    from rich.text import Text

    table = _table()
    for label, text in rows:
        table.add_row(Text(label, style="dim"), Text(text))
    return table


def _table() -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    return table
