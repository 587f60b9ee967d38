"""An image whose `train` says the time as soon as it runs, and what has run it is removed."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine_overhead import IMAGE as BASE

MORE_LINES = "MORE_LINES"
"""The variable that says how many lines follow the first, one a second."""

PROGRAM = f"""\
#!/bin/sh
echo "first line at $(date +%s.%N)"
trap 'exit 0' TERM
left=${{{MORE_LINES}:-0}}
while [ "$left" -gt 0 ]; do
    sleep 1 &
    wait $!
    echo "train:loss=0.$left;"
    left=$((left - 1))
done
"""

_FIRST_LINE = re.compile(r"first line at (\d+\.\d+)")
_NETWORK = "sagemaker-local"  # local mode makes it, and leaves it and its containers


def first_line_at(log: Iterable[str]) -> float:
    """The time that a job's program said in its first line, by the clock that all here share.

    Raises:
        ValueError: where the log has no such line.
    """
    lines = list(log)
    for line in lines:
        if found := _FIRST_LINE.search(line):
            return float(found[1])
    raise ValueError("the algorithm said nothing:\n" + "\n".join(lines))


@contextmanager
def training_image(base: str = BASE) -> Iterator[str]:
    """The image's name while the block runs, in podman's store; then it, its containers, and the
    network of local mode are removed."""
    name = f"localhost/sm-container-benchmark:{os.getpid()}"
    has_network = _podman("network", "exists", _NETWORK, check=False).returncode == 0
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "train"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        (Path(folder) / "Dockerfile").write_text(f"FROM {base}\nCOPY train /usr/local/bin/\n")
        _podman("build", "--quiet", "--tag", name, folder)
    try:
        yield name
    finally:
        remove_containers(name)
        _podman("rmi", name)
        if not has_network:
            _podman("network", "rm", "--force", _NETWORK, check=False)


def remove_containers(image: str) -> None:
    """All that were made of the image."""
    found = _podman("ps", "--all", "--quiet", "--filter", f"ancestor={image}").stdout.split()
    if found:
        _podman("rm", "--force", "--ignore", *found)


def _podman(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *words], check=check, capture_output=True, text=True)
