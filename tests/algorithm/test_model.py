from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sm_container.algorithm.model import ModelError, save_model
from sm_container.contract.layout import Layout


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path)
    layout.create()
    return layout


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_two(folder: Path) -> None:
    (folder / "model.txt").write_text("new")
    (folder / "code").mkdir()
    (folder / "code" / "inference.py").write_text("new")


NEW = {"model.txt": "new", "code/inference.py": "new"}


def tree(layout: Layout) -> set[str]:
    return {path.name for path in layout.base.iterdir()}


def test_a_model_is_saved_whole(layout: Layout) -> None:
    before = tree(layout)
    save_model(layout, write_two)
    assert content(layout.model) == NEW
    assert layout.model.stat().st_mode & 0o777 == 0o755
    assert tree(layout) == before


def test_it_replaces_the_one_before(layout: Layout) -> None:
    (layout.model / "old.txt").write_text("old")
    save_model(layout, write_two)
    assert content(layout.model) == NEW


def test_a_failing_write_leaves_the_one_before(layout: Layout) -> None:
    save_model(layout, write_two)
    before = tree(layout)

    def fail(folder: Path) -> None:
        (folder / "model.txt").write_text("half")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        save_model(layout, fail)
    assert content(layout.model) == NEW
    assert tree(layout) == before


def test_writing_nothing_is_a_fault(layout: Layout) -> None:
    with pytest.raises(ModelError, match="wrote nothing into the folder"):
        save_model(layout, lambda folder: None)
    assert content(layout.model) == {}


def test_a_full_disk_leaves_the_one_before(layout: Layout) -> None:
    save_model(layout, write_two)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_model(layout, lambda folder: (folder / "big").write_bytes(b"x" * 10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert content(layout.model) == NEW


def test_a_model_folder_that_is_a_link(layout: Layout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "old").touch()
    layout.model.rmdir()
    layout.model.symlink_to(elsewhere)
    save_model(layout, write_two)
    assert layout.model.is_symlink()
    assert content(elsewhere) == NEW


def test_a_model_folder_on_another_file_system(layout: Layout) -> None:
    other = Path("/dev/shm") / f"sm-container-test-{os.getpid()}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == layout.base.stat().st_dev:
        other = Path("/var/tmp") / other.name
    assert other.parent.stat().st_dev != layout.base.stat().st_dev
    other.mkdir()
    try:
        layout.model.rmdir()
        layout.model.symlink_to(other)
        (other / "old").mkdir()
        save_model(layout, write_two)
        assert content(other) == NEW
        assert {path.name for path in other.iterdir()} == {"model.txt", "code"}
    finally:
        import shutil

        shutil.rmtree(other)


def test_a_model_folder_that_is_a_mount_point(layout: Layout) -> None:
    program = (
        "import sys; from pathlib import Path; from sm_container.algorithm.model import *;"
        "layout = Layout(Path(sys.argv[1]));"
        "save_model(layout, lambda folder: (folder / 'm').write_text('new'));"
        "print(sorted(path.name for path in layout.model.iterdir()))"
    )
    (layout.model / "hidden-by-the-mount").touch()
    script = 'mount -t tmpfs none "$1/model" && touch "$1/model/old" && "$2" -c "$3" "$1"'
    namespace = ["unshare", "--mount"] + (["--user", "--map-root-user"] if os.getuid() else [])
    done = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", layout.base, sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['m']\n", "")


KILLED = """
import sys, time
from pathlib import Path
from sm_container.algorithm.model import save_model
from sm_container.contract.layout import Layout

def write(n):
    def into(folder):
        for name in "abc":
            (folder / name).write_text(str(n))
            print(n, flush=True)
    return into

n = 0
while True:
    n += 1
    save_model(Layout(Path(sys.argv[1])), write(n))
"""


def test_a_kill_at_any_moment_leaves_a_whole_model(layout: Layout) -> None:
    for turn in range(12):
        program = subprocess.Popen(
            [sys.executable, "-c", KILLED, layout.base], stdout=subprocess.PIPE, text=True
        )
        assert program.stdout is not None
        for _ in range(20 + 7 * turn):
            program.stdout.readline()
        time.sleep(turn * 0.0002)
        program.kill()
        program.wait()
        program.stdout.close()
        found = content(layout.model)
        assert sorted(found) == ["a", "b", "c"]
        assert len(set(found.values())) == 1


def test_a_model_is_written_by_a_function(layout: Layout) -> None:
    with pytest.raises(ModelError, match=r"takes a function .*, not a str"):
        save_model(layout, "weights.npy")  # type: ignore[arg-type]
