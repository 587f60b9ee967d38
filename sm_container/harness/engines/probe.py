"""Whether what is written here is seen in an engine's containers: tried, not guessed.

An engine may run elsewhere (a remote daemon, a desktop's virtual machine). A bind mount then shows
another machine's folder, or nothing, and a FIFO does not connect the two sides. A short container
of the job's own image looks, and the answer is kept until the machine is started again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.engines.attached import exit_of_start_error, remove
from sm_container.harness.engines.client import Client
from sm_container.harness.engines.create_command import mount_words
from sm_container.harness.engines.engine import ML_PATH, EngineError, Mount, Probe
from sm_container.harness.engines.leftovers import boot_id, eventually
from sm_container.harness.engines.state import Life, State

_SECONDS = 60.0
_FIFO_SECONDS = 5.0

# A word goes in by a file and comes back by one; then another goes in by a FIFO. The programs are
# constants: nothing of a request stands in them.
_SHELL = 'cd /opt/ml && cat word > word.back && read -r x < fifo && echo "$x" > fifo.back'
_PYTHON = (
    "import os; os.chdir('/opt/ml'); o = open; o('word.back', 'w').write(o('word').read()); "
    "o('fifo.back', 'w').write(o('fifo').readline())"
)
_READERS = (("sh", _SHELL), ("python3", _PYTHON))


@dataclass(frozen=True)
class Trial:
    """What a folder is looked at with: the labels are those of the job that it is done for."""

    client: Client
    image: str
    labels: Mapping[str, str]


def probe(trial: Trial, folder: Path, cache: Path, get_image: Callable[[], object]) -> Probe:
    """Look at ``folder`` from inside a container, whose image ``get_image`` gets if needed.

    ``cache`` keeps what was found out. Raises :class:`EngineError` where files do not carry.
    """
    client = trial.client
    kept = cache / "engines" / f"{_key(client, folder)}.json"
    with suppress(OSError, ValueError, KeyError):
        return _probe_of(client, fifos=json.loads(kept.read_text())["fifos"])
    get_image()
    for reader, text in _READERS:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as place:
            fifos = _look(trial, Path(place), (reader, "-c", text))
        if fifos is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({"fifos": fifos}))
            return _probe_of(client, fifos)
    return Probe(
        notes=(
            f"could not check that {client.dialect.value} sees this machine's folders: "
            f"{trial.image} has neither sh nor python3",
        )
    )


def _look(trial: Trial, place: Path, entry: tuple[str, ...]) -> bool | None:
    """Whether FIFOs carry; None where the image has no such program to look with."""
    client = trial.client
    word = uuid.uuid4().hex
    (place / "word").write_text(word)
    os.mkfifo(place / "fifo")
    fifo = os.open(place / "fifo", os.O_RDWR | os.O_NONBLOCK)  # this side cannot block on it
    name = f"sm-probe-{word[:12]}"
    try:
        os.write(fifo, f"{word}\n".encode())
        client.run(*_create_words(trial, name, place, entry))
        client.run("start", name, seconds=_SECONDS)
        if not _comes_back(client, name, place / "word.back", word):
            raise EngineError("what is written here is not there")
        return _comes_back(client, name, place / "fifo.back", word)
    except EngineError as fault:
        if exit_of_start_error(str(fault)).code in (126, 127):
            return None
        raise EngineError(
            f"containers of {client.dialect.value} ({client.endpoint}) do not see {place.parent}: "
            f"{fault}. The engine runs on another machine, or in a virtual machine that does not "
            "share this folder: share it, set SM_CONTAINER_HOME to a folder that is shared, or use "
            "an engine of this machine"
        ) from fault
    finally:
        os.close(fifo)
        remove(client, name)


def _create_words(trial: Trial, name: str, place: Path, entry: tuple[str, ...]) -> list[str]:
    words = ["create", "--pull=never", "--network", "none", "--user", "0:0", "--name", name]
    words += [word for pair in trial.labels.items() for word in ("--label", "=".join(pair))]
    program, *arguments = entry
    words += [*mount_words(Mount(place, ML_PATH)), "--entrypoint", program]
    return [*words, trial.image, *arguments]


def _comes_back(client: Client, name: str, file: Path, word: str) -> bool:
    """Whether a container writes the word to a file here, before it ends or time is up."""

    def is_settled() -> bool:
        if _text(file) == word:
            return True
        state = State.of(client, name)
        return state is None or state.life is Life.ENDED

    eventually(is_settled, _FIFO_SECONDS, 0.05)
    return _text(file) == word


def _probe_of(client: Client, fifos: bool) -> Probe:
    if fifos:
        return Probe()
    return Probe(
        fifos=False,
        notes=(
            f"{client.dialect.value} ({client.endpoint}) shares this machine's files, but a FIFO "
            "does not connect the two sides: Pipe mode does not work with it",
        ),
    )


def _key(client: Client, folder: Path) -> str:
    """One for each engine, endpoint, user and file system, until the machine starts again."""
    parts = [
        os.path.realpath(shutil.which(client.program) or client.program),
        client.endpoint,
        os.getuid(),
        os.stat(folder).st_dev,
        boot_id(),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
