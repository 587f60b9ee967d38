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
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sm_container.harness.engines.attached import exit_of_start_error, remove
from sm_container.harness.engines.client import Client, last_line
from sm_container.harness.engines.create_command import mount_words
from sm_container.harness.engines.engine import ML_PATH, EngineError, Mount, Probe
from sm_container.harness.engines.leftovers import boot_id

_START_SECONDS = 60.0
_FIFO_SECONDS = 5.0
_HUNG = -1

# A word goes in by a file and comes back by one; then another goes in by a FIFO. The programs are
# constants: nothing of a request stands in them.
_SHELL = 'cd /opt/ml && cat word > word.back && read -r x < fifo && echo "$x" > fifo.back'
_PYTHON = (
    "import os; os.chdir('/opt/ml'); o = open; o('word.back', 'w').write(o('word').read()); "
    "o('fifo.back', 'w').write(o('fifo').readline())"
)
_READERS = (("sh", _SHELL), ("python3", _PYTHON))


def probe(
    client: Client, image: str, folder: Path, cache: Path, get_image: Callable[[], object]
) -> Probe:
    """Look at ``folder`` from inside a container of ``image``, which ``get_image`` gets if needed.

    ``cache`` keeps what was found out. Raises :class:`EngineError` where files do not carry.
    """
    kept = cache / "engines" / f"{_key(client, folder)}.json"
    with suppress(OSError, ValueError, KeyError):
        return _probe_of(client, fifos=json.loads(kept.read_text())["fifos"])
    get_image()
    for reader, text in _READERS:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as place:
            fifos = _look(client, Path(place), [reader, image, "-c", text])
        if fifos is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({"fifos": fifos}))
            return _probe_of(client, fifos)
    return Probe(
        notes=(
            f"could not check that {client.dialect.value} sees this machine's folders: {image} has "
            "neither sh nor python3",
        )
    )


def _look(client: Client, place: Path, entry: list[str]) -> bool | None:
    """Whether FIFOs carry; None where the image has no such program to look with."""
    word = uuid.uuid4().hex
    (place / "word").write_text(word)
    os.mkfifo(place / "fifo")
    name = f"sm-probe-{word[:12]}"
    fifo = os.open(place / "fifo", os.O_RDWR | os.O_NONBLOCK)  # neither side can block this one
    try:
        os.write(fifo, f"{word}\n".encode())
        code, said = _run(client, name, place, entry)
    finally:
        os.close(fifo)
    if code == 0 and _text(place / "fifo.back") == word:
        return True
    if _text(place / "word.back") == word:
        return False
    if exit_of_start_error(last_line(said)).code in (126, 127):
        return None
    raise EngineError(
        f"containers of {client.dialect.value} ({client.endpoint}) do not see {place.parent}: "
        f"{last_line(said)}. The engine runs on another machine, or in a virtual machine that "
        "does not share this folder: share it, set SM_CONTAINER_HOME to a folder that is shared, "
        "or use an engine of this machine"
    )


def _run(client: Client, name: str, place: Path, entry: list[str]) -> tuple[int, bytes]:
    """The exit code and error output; a container that hangs is ended after a while."""
    words = ["run", "--rm", "--pull=never", "--network", "none", "--user", "0:0", "--name", name]
    words += [*mount_words(Mount(place, ML_PATH)), "--entrypoint", *entry]
    with subprocess.Popen(
        [client.program, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=client.environment(),
        cwd=client.folder,
        start_new_session=True,
    ) as running:
        try:
            code, said = _outcome(running, place)
        finally:
            if running.poll() is None:
                remove(client, name)
                running.kill()
        return code, said


def _outcome(running: subprocess.Popen[bytes], place: Path) -> tuple[int, bytes]:
    """How it ended; waits longer for an engine that starts it than for one that has."""
    try:
        _, said = running.communicate(timeout=_FIFO_SECONDS)
    except subprocess.TimeoutExpired:
        if (place / "word.back").exists():
            return _HUNG, b"it waits at a FIFO"
    else:
        return running.returncode, said
    try:
        _, said = running.communicate(timeout=_START_SECONDS)
    except subprocess.TimeoutExpired:
        return _HUNG, f"nothing was seen inside for {_START_SECONDS:.0f} s".encode()
    return running.returncode, said


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
