"""A wheel of the library that runs here, so that an image has the one that the tests ran with.

Source: "Binary distribution format", packaging.python.org.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import sm_container

_DISTRIBUTION = "sm-container"
_TAG = "py3-none-any"
_ABOUT = ("METADATA", "entry_points.txt")
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same wheel each time


@dataclass(frozen=True)
class Wheel:
    """A wheel's file name, and what the file holds."""

    name: str
    content: bytes


def own_wheel() -> Wheel:
    """The installed library as a wheel. What was installed in editable form is taken as it stands
    now.

    Raises PackageNotFoundError where it is not installed but only found on the path.
    """
    installed = distribution(_DISTRIBUTION)
    stem = f"{_DISTRIBUTION.replace('-', '_')}-{installed.version}"
    return Wheel(f"{stem}-{_TAG}.whl", _packed(installed, f"{stem}.dist-info"))


def _packed(installed: Distribution, about: str) -> bytes:
    buffer, rows = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*_package(), *_about(installed, about)):
            archive.writestr(_entry(name), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            rows.append(f"{name},sha256={digest.decode()},{len(content)}\n")
        rows.append(f"{about}/RECORD,,\n")
        archive.writestr(_entry(f"{about}/RECORD"), "".join(rows))
    return buffer.getvalue()


def _package() -> Iterator[tuple[str, bytes]]:
    folder = Path(sm_container.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder.parent).as_posix(), path.read_bytes()


def _about(installed: Distribution, about: str) -> Iterator[tuple[str, bytes]]:
    for name in _ABOUT:
        yield f"{about}/{name}", (installed.read_text(name) or "").encode()
    for file in installed.files or ():
        if file.parent.as_posix() == f"{about}/licenses":
            yield file.as_posix(), file.read_binary()
    yield (
        f"{about}/WHEEL",
        f"Wheel-Version: 1.0\nGenerator: {_DISTRIBUTION}\nRoot-Is-Purelib: true\n"
        f"Tag: {_TAG}\n".encode(),
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _WRITTEN)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
