"""A folder of checkpoints: the names in it, and the markers that the platform puts there.

One prefix in S3 serves all hosts of a job, without a suffix a host.
Source: developer guide, "Use Checkpoints in Amazon SageMaker".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

UPLOADING_SUFFIX = ".sagemaker-uploading"
UPLOADED_SUFFIX = ".sagemaker-uploaded"
IGNORED_SUFFIX = ".sagemaker-ignore"

STEP_LIMIT = 10**12

_NAME = re.compile(r"sm-checkpoint-([0-9]{12})(?:-([1-9][0-9]*))?(?:\.(.*))?", re.DOTALL)


def is_upload_marker(name: str) -> bool:
    """Whether a file's name is that of a marker, which whoever loads checkpoints must skip.

    Source: developer guide, "Use Checkpoints in Amazon SageMaker".
    """
    return name.endswith((UPLOADING_SUFFIX, UPLOADED_SUFFIX))


def is_left_behind(path: str) -> bool:
    """Whether the platform does not upload a file, by its path below the checkpoint folder.

    Markers, and what an algorithm has named so, a file or a folder around it. Source: the temporary
    files of the service's own XGBoost container, the temporary folder of its Debugger.
    """
    parts = path.split("/")
    return is_upload_marker(parts[-1]) or any(part.endswith(IGNORED_SUFFIX) for part in parts)


@dataclass(frozen=True)
class CheckpointName:
    """The name of a checkpoint's folder: ``sm-checkpoint-000000000042``.

    Sorted as text, names are sorted by step. ``attempt`` numbers the folders of one step, so that
    a step that is saved again never writes over what is there. ``host`` stands in the name where
    each host saves its own.
    """

    step: int
    attempt: int = 0
    host: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.step < STEP_LIMIT:
            raise ValueError(f"a checkpoint's step is 0 to {STEP_LIMIT - 1}, not {self.step}")

    def __str__(self) -> str:
        attempt = f"-{self.attempt}" if self.attempt else ""
        host = "" if self.host is None else f".{quote(self.host, safe='', errors='surrogatepass')}"
        return f"sm-checkpoint-{self.step:012}{attempt}{host}"

    @classmethod
    def parse(cls, text: str) -> CheckpointName | None:
        """The name that ``text`` is, None if it is not one."""
        found = _NAME.fullmatch(text)
        if found is None:
            return None
        step, attempt, host = found.groups()
        try:
            name = cls(
                int(step),
                int(attempt or 0),
                None if host is None else unquote(host, errors="surrogatepass"),
            )
        except ValueError:  # more digits, or other bytes, than a name of ours has
            return None
        return name if str(name) == text else None
