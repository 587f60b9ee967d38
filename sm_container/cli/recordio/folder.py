"""A folder of record files into another, one file for each, as a channel is a folder of objects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.recordio.convert import convert_file
from sm_container.records.formats import format_of, suffix_of


def convert_folder(
    source: str, target: str, content_type: str | None, given: Mapping[str, Any]
) -> None:
    """Convert every file below ``source`` to one of the same path below ``target``, whose name
    ends as the format's do.

    Raises RecordError, FormatError, and Complaint before the first file for what cannot be done.
    """
    if given["to"] is None:
        raise Complaint(["say what the files are to become, with --to"], EXIT_INPUT)
    if target == "-":
        raise Complaint([f"{source} is a folder: name a folder as TARGET"], EXIT_INPUT)
    if Path(target).exists() and not Path(target).is_dir():
        raise Complaint([f"{target} is a file, and {source} a folder: name a folder"], EXIT_INPUT)
    format_of(given["to"])
    for path, into in _pairs(Path(source), Path(target), suffix_of(given["to"])).items():
        into.parent.mkdir(parents=True, exist_ok=True)
        convert_file(str(path), str(into), content_type, given)


def _pairs(source: Path, target: Path, suffix: str) -> dict[Path, Path]:
    """Each file of the source in the order of their names, and what it becomes."""
    files = sorted(
        Path(folder, name)
        for folder, _, names in os.walk(source)
        for name in names
        if not name.startswith(".") and not Path(folder).is_relative_to(target)
    )
    if not files:
        raise Complaint([f"{source} has no files to convert"], EXIT_INPUT)
    taken: dict[Path, Path] = {}
    for path in files:
        into = (target / path.relative_to(source)).with_suffix(suffix)
        if into in taken:
            complaint = f"{taken[into]} and {path} would both become {into}"
            raise Complaint([complaint], EXIT_INPUT)
        taken[into] = path
    return {path: into for into, path in taken.items()}
