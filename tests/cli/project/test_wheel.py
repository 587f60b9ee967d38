"""The wheel of the library that runs: pip installs it, and it is whole."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sm_container
from sm_container.cli.project.wheel import Wheel, own_wheel

OWN = "from sm_container.cli.project.wheel import own_wheel; wheel = own_wheel()"


@pytest.fixture(scope="module")
def wheel() -> Wheel:
    """Of this checkout, which is installed in editable form."""
    return own_wheel()


@pytest.fixture(scope="module")
def archive(wheel: Wheel) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(wheel.content))


def installed(target: Path, *words: str | Path) -> Path:
    """A folder into which pip has installed the library alone."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, *words], check=True)
    return target


def python(target: Path, program: str) -> str:
    """What a program prints that finds the library in a folder, and all else where it was."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {program}"],
        cwd=target,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_it_has_every_file_of_the_package(archive: zipfile.ZipFile) -> None:
    folder = Path(sm_container.__file__).parent
    expected = {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    found = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_its_record_is_right(archive: zipfile.ZipFile) -> None:
    [record] = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
    rows = list(csv.reader(io.StringIO(archive.read(record).decode())))

    assert [name for name, _, _ in rows] == archive.namelist()
    for name, digest, size in rows[:-1]:
        content = archive.read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        assert (digest, size) == (f"sha256={expected.decode()}", str(len(content)))


def test_it_has_the_licence_and_the_entry_points(archive: zipfile.ZipFile) -> None:
    texts = {
        name.partition(".dist-info/")[2]: archive.read(name).decode()
        for name in archive.namelist()
        if ".dist-info/" in name
    }

    assert "sm-train = " in texts["entry_points.txt"]
    assert "Apache License" in texts["licenses/LICENSE"]
    assert "Requires-Dist: numpy" in texts["METADATA"]


def test_it_is_the_same_each_time(wheel: Wheel) -> None:
    assert own_wheel() == wheel


def test_pip_installs_it_and_it_makes_itself_again(wheel: Wheel, tmp_path: Path) -> None:
    file = tmp_path / wheel.name
    file.write_bytes(wheel.content)

    target = installed(tmp_path / "installed", file)

    helped = subprocess.run(
        [target / "bin" / "sm-train", "--help"],
        env={"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert helped.stdout.startswith("usage: sm-train")
    digest = hashlib.sha256(wheel.content).hexdigest()
    program = f"{OWN}; import hashlib; print(wheel.name, hashlib.sha256(wheel.content).hexdigest())"
    assert python(target, program) == f"{wheel.name} {digest}"
