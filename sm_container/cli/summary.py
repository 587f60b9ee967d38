"""The last words about a job that has ended: what became of it, and what to do next."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line, printable, wrapped
from sm_container.contract.layout import Layout
from sm_container.harness.describe import describe
from sm_container.harness.job.attempts import AttemptRecord
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus
from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic
from sm_container.harness.outputs.artifacts import has_model
from sm_container.harness.sizes import size
from sm_container.harness.store.folder import JobFolder

NO_MODEL = "none: nothing was left in /opt/ml/model"
_WORDLESS = re.compile(r"AlgorithmError: , exit code: [0-9]+")
_SHOWN = 5
_COLOURS = {
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "red",
    JobStatus.STOPPED: "yellow",
}

Row = tuple[str, str]


def print_summary(record: JobRecord, folder: JobFolder, out: Stream, with_model: bool) -> None:
    """``with_model``: whether the algorithm left a model. The service names its place anyway."""
    whole = duration(record.last_modified - record.created)
    out.line()
    out.line(
        f"{record.name}: {_outcome(record)} after {whole}", fg=_COLOURS[record.status], bold=True
    )
    rows = list(_rows(record, folder, with_model))
    width = max((len(label) for label, _ in rows), default=0)
    columns = shutil.get_terminal_size().columns
    previous = ""
    for label, text in rows:
        for line in wrapped(text, columns - width - 4) if out.is_terminal else [text]:
            shown = "" if label == previous else label
            out.line(f"  {shown.ljust(width)}  {line}")
            previous = label


def left_a_model(folder: JobFolder) -> bool:
    """Whether the algorithm left a model in the tree of any host."""
    return has_model([Layout(folder.tree(host.name)) for host in folder.path.glob("hosts/*")])


def _rows(record: JobRecord, folder: JobFolder, with_model: bool) -> Iterator[Row]:
    if record.failure_reason:
        for line in printable(record.failure_reason).splitlines():
            yield "reason", line
        if _WORDLESS.fullmatch(record.failure_reason):
            yield "reason", "(it has no text: the program wrote no /opt/ml/output/failure)"
    if record.fault and record.fault not in (record.failure_reason or ""):
        yield "cause", one_line(record.fault, 500)
    if record.model_artifacts:
        yield "model", record.model_artifacts if with_model else NO_MODEL
        is_under_root = record.model_artifacts.startswith("s3://")
        if with_model and is_under_root and record.options.s3_root is not None:
            yield "model", _under(record.options.s3_root, record.model_artifacts)
    elif with_model:
        yield "model", f"not saved: it is still in {printable(str(folder.path))}/hosts"
    width = max((len(metric.name) for metric in record.final_metrics), default=0)
    for metric in record.final_metrics:
        yield "metrics", f"{printable(metric.name).ljust(width)}  {metric.value:.6g}"
    width = max((len(each.channel) for each in record.traffic), default=0)
    for each in record.traffic:
        yield "data", f"{each.channel.ljust(width)}  {moved(each)}"
    for checkpoints in record.checkpoints:
        yield "checkpoints", f"{checkpoints.host}  {kept(checkpoints)}"
    seconds = describe(record)["SmContainer"]["Phases"]
    phases = [f"{name} {duration(each)}" for name, each in seconds.items()]
    if phases:
        yield "time", " · ".join(phases)
    if len(record.attempts) > 1:
        for number, attempt in enumerate(record.attempts, 1):
            yield "attempts", f"{number}  {tried(attempt)}"
    if record.saving_percent is not None:
        yield "saving", saved(record)
    yield from _listed("notes", record.notes, record.name)
    yield from _listed("not simulated", record.not_simulated, record.name)
    if record.status is not JobStatus.COMPLETED and not record.options.shell:
        yield from _next_steps(record, folder)


def tried(attempt: AttemptRecord) -> str:
    """An attempt at the job in a few words."""
    if attempt.cause is None:
        return "goes on"
    lost = attempt.interruption
    how = "" if lost is None or lost.warned else " without a warning"
    code = "" if attempt.exit_code is None else f", exit code {attempt.exit_code}"
    return f"{attempt.cause}{how} after {duration(attempt.seconds)}{code}"


def saved(record: JobRecord) -> str:
    """What a spot job has saved, and by which assumption."""
    return (
        f"{record.saving_percent:.0f} %: {record.billable_seconds} s billable of "
        f"{record.training_seconds} s, assumed a discount of "
        f"{record.options.spot_discount_percent:g} %"
    )


def moved(traffic: ChannelTraffic) -> str:
    """What a channel's input mode has moved, in a few words."""
    said = f"{traffic.mode}  {size(traffic.size)}"
    rate = traffic.bytes_per_second
    speed = "" if not rate else f", {size(round(rate))}/s"
    waited = f", the algorithm waited {duration(traffic.starved)} for data"
    if traffic.folder is not None:
        return f"{said} in {printable(traffic.folder)}, bound as it is"
    if traffic.mode == "FastFile":
        return f"{said} read{waited}"
    if traffic.mode == "File":
        return f"{said} in {duration(traffic.seconds)}{speed}"
    if not traffic.epochs:
        return f"{traffic.mode}  nobody read it"
    epochs = "1 epoch" if traffic.epochs == 1 else f"{traffic.epochs} epochs"
    left = traffic.epochs - traffic.finished
    early = f", {left} left early" if left else ""
    return f"{said} in {epochs}{early}{speed}{waited}"


def kept(traffic: CheckpointTraffic) -> str:
    """What was moved for a host's checkpoints, in a few words."""
    said = [_files(traffic.uploaded, traffic.uploaded_size, traffic.uploading, "uploaded")]
    if traffic.removed:
        said.append(f"{traffic.removed} removed")
    if traffic.restored:
        said.append(_files(traffic.restored, traffic.restored_size, traffic.restoring, "restored"))
    return ", ".join(said)


def _files(count: int, bytes_moved: int, seconds: float, done: str) -> str:
    files = "1 file" if count == 1 else f"{count} files"
    how = f" ({size(bytes_moved)} in {duration(seconds)})" if count else ""
    return f"{files} {done}{how}"


def _under(s3_root: str, uri: str) -> str:
    """Where a folder that stands for S3 has what a URI names."""
    return f"which is {Path(s3_root) / uri.removeprefix('s3://')}"


def _listed(label: str, texts: tuple[str, ...], job: str) -> Iterator[Row]:
    for text in texts[:_SHOWN]:
        yield label, one_line(text)
    if len(texts) > _SHOWN:
        yield label, f"and {len(texts) - _SHOWN} more: sm-container describe {job}"


def _next_steps(record: JobRecord, folder: JobFolder) -> Iterator[Row]:
    logs = folder.path / "logs"
    if any(_has_content(log) for log in logs.glob("*.log")):
        yield "log", f"sm-container logs {record.name}"
    elif record.exit_code is not None:
        yield "log", "the program wrote nothing"
    if record.status is JobStatus.FAILED and record.exit_code:
        yield (
            "look inside",
            "run the same command with --shell: all is staged, a shell runs instead",
        )


def _has_content(log: Path) -> bool:
    return log.stat().st_size > 0


def _outcome(record: JobRecord) -> str:
    status = record.status.value
    secondary = record.secondary_status.value
    if record.status is JobStatus.FAILED and record.exit_code:
        return f"{status} with exit code {record.exit_code}"
    return status if secondary == status else f"{status} ({secondary})"
