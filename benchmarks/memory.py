"""Peak memory of whole jobs in each input mode: 1 GB, 10 GB, and 100,000 small objects.

``make bench-memory`` (``python -m benchmarks.memory``) writes MEMORY.md in some minutes and exits
with 1 where a process took more than BOUND. It needs 22 GB of disk below ``build/``. Names of data
sets (``large``, ``small``, or ``little``, which tries it out) choose some of them; then the page is
printed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil

from benchmarks.report import machine_facts
from benchmarks.rivals import ROOT
from benchmarks.s3_like import serving
from sm_container.readahead.ahead import MEMORY
from sm_container.records.batch import Batch
from sm_container.records.protobuf import ProtobufFormat

RESULTS = Path(__file__).parent / "MEMORY.md"
MODES = ("File", "Pipe", "FastFile")
PLACES = ("a folder", "a simulated bucket", "an S3 server")
LATENCY_MS = 5
FEATURES = 28
SMALL_OBJECTS = 100_000
SETS = ("large", "small", "little")
BOUND = MEMORY + (128 << 20)
"""Bytes that a process may take: what is read ahead, and the interpreter with its libraries."""

_TICK_SECONDS = 0.05
_BLOCK = 64 << 20
_PROGRAM = """
import sm_container as sm

algorithm = sm.Algorithm("counts-rows")


@algorithm.train
def train(job):
    rows = sum(batch.rows for batch in job.channels["train"].batches(rows=65_536))
    print(f"rows={rows}", flush=True)


algorithm.main()
"""
_HOW_TO_READ = f"""\
Whole jobs of `sm-container run` in the process engine, whose program reads dense
recordio-protobuf ({FEATURES} features and a label) with `channels["train"].batches(rows=65_536)`.
Of each process: its peak resident memory and, behind the slash, the most that was anonymous, in
MiB, and its most open files. The rest of the resident memory is what it maps of files. A simulated
bucket is `--s3-root` with `--s3-latency {LATENCY_MS}`; an S3 server answers at the other end of a
connection after {LATENCY_MS} ms. What is read ahead of a far object takes up to {MEMORY >> 20} MiB,
as much as the reader lets it get ahead: no process may take more than that and 128 MiB for itself,
whatever the data. The times are of a machine that may have had other work."""


@dataclass(frozen=True)
class Data:
    """Objects below a folder of the bucket, and how many records are in them."""

    name: str
    folder: str
    records: int


@dataclass
class Peak:
    """The most that a process took: bytes of resident and of anonymous memory, open files."""

    resident: int = 0
    anonymous: int = 0
    files: int = 0

    def look(self, process: psutil.Process) -> None:
        """Take note of what it has taken so far."""
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        if "VmHWM" in status:  # one that has ended has no memory
            self.resident = max(self.resident, _bytes(status["VmHWM"]))
            self.anonymous = max(self.anonymous, _bytes(status["RssAnon"]))
            self.files = max(self.files, process.num_fds())


@dataclass(frozen=True)
class Figures:
    """What one job took."""

    data: Data
    mode: str
    place: str
    seconds: float
    peaks: dict[str, Peak] = field(default_factory=dict)

    def resident(self, process: str) -> int:
        """Its peak in bytes; 0 where there was no such process."""
        return self.peaks.get(process, Peak()).resident


PROCESSES = ("algorithm", "feeder", "harness")


def run_job(folder: Path, data: Data, mode: str, place: str) -> Figures:
    """Run one job to its end and watch its processes. ``folder`` has the bucket.

    Raises RuntimeError where the job fails or does not read every record.
    """
    program = folder / "counts_rows.py"
    program.write_text(_PROGRAM)
    is_local = place == "a folder"
    source = str(folder / "bucket" / data.folder) if is_local else f"s3://bucket/{data.folder}/"
    command = [sys.executable, "-m", "sm_container", "run", "--engine", "process", "--json"]
    command += ["-c", f"train={source},mode={mode},content-type={ProtobufFormat().content_type}"]
    if place == "a simulated bucket":
        command += ["--s3-root", str(folder), "--s3-latency", str(LATENCY_MS)]
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="home") as home,
        _endpoint(place, folder) as s3,
    ):
        environment = {**os.environ, **s3, "SM_CONTAINER_HOME": home}
        log = Path(home) / "log"
        with log.open("wb") as said:
            began = time.perf_counter()
            harness = psutil.Popen(
                [*command, str(program)], stdout=said, stderr=said, env=environment, cwd=ROOT
            )
            peaks = _watched(harness, program.name)
            seconds = time.perf_counter() - began
        found = re.search(r"rows=(\d+)", log.read_text())
        if harness.returncode or found is None or int(found[1]) != data.records:
            raise RuntimeError(f"the job failed: {log.read_text()}")
    return Figures(data, mode, place, seconds, peaks)


def _watched(harness: psutil.Popen, program: str) -> dict[str, Peak]:
    """The peaks of the job's processes, by what they are to it."""
    peaks: dict[str, Peak] = {}
    known: dict[int, str] = {harness.pid: "harness"}
    while harness.poll() is None:
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            for process in (harness, *harness.children(recursive=True)):
                role = known.get(process.pid) or _role(process, program)
                if role is not None:
                    known[process.pid] = role
                    peaks.setdefault(role, Peak()).look(process)
        time.sleep(_TICK_SECONDS)
    return peaks


def _role(process: psutil.Process, program: str) -> str | None:
    words = process.cmdline()
    if words[1:] == [program]:
        return "algorithm"
    return "feeder" if "sm_container.harness.inputs.feed" in words else None


@contextmanager
def _endpoint(place: str, folder: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to the S3 server, where there is one."""
    if place != "an S3 server":
        yield {}
        return
    with serving(folder, LATENCY_MS / 1000) as endpoint:
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }


def write_large(bucket: Path, name: str, size: int) -> Data:
    """One object of at least ``size`` bytes: a block of records again and again."""
    bucket = bucket / name
    bucket.mkdir(parents=True)
    records = _BLOCK // (FEATURES * 4 + 40)
    with (bucket / "object").open("w+b") as file:
        _write_records(file, records)
        block = file.tell()
        times = -(-size // block)
        for number in range(1, times):
            at = 0
            while at < block:
                at += os.copy_file_range(
                    file.fileno(), file.fileno(), block - at, at, number * block + at
                )
    return Data(name, name, times * records)


def write_small(bucket: Path, count: int = SMALL_OBJECTS) -> Data:
    """Objects of 140 bytes to 4 KB, in ten folders."""
    total = 0
    for number in range(count):
        path = bucket / "small" / f"{number % 10}" / f"{number:06}"
        if number < 10:
            path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            _write_records(file, 1 + number % 27)
        total += 1 + number % 27
    return Data(f"{count:,} objects", "small", total)


def _write_records(file: BinaryIO, records: int) -> None:
    random = np.random.default_rng(records)
    features = random.random((records, FEATURES), np.float32)
    batch = Batch({"features": features, "label": features[:, 0].copy()})
    ProtobufFormat().write([batch], file)


def excess(figures: Iterable[Figures]) -> list[str]:
    """Where a process took more than the bound, which is the same whatever the data."""
    return [
        f"{each.data.name}, {each.mode} from {each.place}: the {process} took {peak >> 20} MiB"
        for each in figures
        for process in PROCESSES
        if (peak := each.resident(process)) > BOUND
    ]


def page(figures: Sequence[Figures]) -> str:
    """The whole of MEMORY.md."""
    headings = ("data", "mode", "from", "seconds", *PROCESSES, "bound")
    table = [headings, ("---",) * len(headings), *map(_cells, figures)]
    lines = "\n".join("| " + " | ".join(cells) + " |" for cells in table)
    faults = "\n".join(f"- **{each}**" for each in excess(figures))
    verdict = faults or f"No process took more than {BOUND >> 20} MiB."
    facts = "\n".join(f"- {fact}" for fact in machine_facts())
    return "\n\n".join(("# Memory", _HOW_TO_READ, lines, verdict, "## The machine", facts)) + "\n"


def _cells(figures: Figures) -> tuple[str, ...]:
    return (
        figures.data.name,
        figures.mode,
        figures.place,
        f"{figures.seconds:.1f}",
        *(_shown(figures.peaks.get(process)) for process in PROCESSES),
        f"{BOUND >> 20}",
    )


def _shown(peak: Peak | None) -> str:
    if peak is None:
        return "none"
    return f"{peak.resident >> 20} / {peak.anonymous >> 20}, {peak.files} files"


def _bytes(text: str) -> int:
    return int(text.split()[0]) << 10


def _written(bucket: Path, names: Sequence[str]) -> Iterator[Data]:
    """The data sets of these names."""
    if "large" in names:
        yield write_large(bucket, "1 GB", 10**9)
        yield write_large(bucket, "10 GB", 10**10)
    if "small" in names:
        yield write_small(bucket)
    if "little" in names:
        yield write_large(bucket, "64 MiB", 1 << 26)
        yield write_small(bucket, 1000)


def main(names: Sequence[str]) -> int:
    """Measure all, or the data sets that are named; 1 where a process took more than the bound, 2
    for a name that is none."""
    unknown = sorted(set(names) - set(SETS))
    if unknown:
        print(f"no data set {', '.join(unknown)}; there are: {', '.join(SETS)}", file=sys.stderr)
        return 2
    figures = []
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="memory") as place:
        folder = Path(place)
        for data in list(_written(folder / "bucket", names or ("large", "small"))):
            for mode in MODES:
                for where in PLACES:
                    figures.append(run_job(folder, data, mode, where))
                    print(" | ".join(_cells(figures[-1])), file=sys.stderr, flush=True)
    if names:
        print(page(figures), end="")
    else:
        RESULTS.write_text(page(figures), encoding="utf-8")
        print(f"written: {RESULTS}", file=sys.stderr)
    return 1 if excess(figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
