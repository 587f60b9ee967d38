"""Unpacking an archive that nobody vouches for, into one folder and nowhere else."""

from __future__ import annotations

import os
import tarfile
import zlib
from pathlib import Path

from sm_container.runtime.fault import Fault

_ORDINARY_MODE = 0o755


def is_archive(path: Path) -> bool:
    """Whether a file is a tar archive, compressed or not."""
    return tarfile.is_tarfile(path)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive (gzip, bzip2, xz or none) into ``folder``, which exists.

    Refused with a Fault, before the member is written: names that are absolute or leave the
    folder, links that point out of it, devices and FIFOs. Owners and special mode bits are not
    taken over.
    """
    try:
        with tarfile.open(archive) as members:
            for member in members:
                _check(member, archive, folder)
                _extract(members, member, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Fault(
            f"{archive} cannot be unpacked ({error}); make it with "
            "'tar -czf sourcedir.tar.gz -C FOLDER .'"
        ) from error
    except OSError as error:
        raise Fault(f"{archive} cannot be unpacked into {folder}: {error}") from error


def _check(member: tarfile.TarInfo, archive: Path, folder: Path) -> None:
    target = folder / member.name
    if member.name.startswith("/") or not _is_within(target, folder):
        _refuse(archive, member, f"would be written outside of {folder}")
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        _refuse(archive, member, "is a device or a FIFO")
    # A hard link's target is relative to the archive's root, a symbolic one's to its own folder.
    start = folder if member.islnk() else target.parent
    if (member.issym() or member.islnk()) and (
        member.linkname.startswith("/") or not _is_within(start / member.linkname, folder)
    ):
        _refuse(archive, member, f"is a link to {member.linkname!r}, outside of {folder}")


def _refuse(archive: Path, member: tarfile.TarInfo, what: str) -> None:
    raise Fault(f"{archive}: the member {member.name!r} {what}; leave it out of the archive")


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path stays in the folder, links that are there by now followed."""
    root = os.path.realpath(folder)
    return os.path.commonpath([root, os.path.realpath(path)]) == root


def _extract(members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        members.extract(member, folder, filter="data")
        return
    # Python 3.10 before 3.10.12: what that filter does beyond the checks above.
    member.mode &= _ORDINARY_MODE
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    members.extract(member, folder)
