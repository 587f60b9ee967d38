"""What the platform adds to the files of a checkpoint, and what it leaves out: by their names."""

from __future__ import annotations

UPLOADING_SUFFIX = ".sagemaker-uploading"
UPLOADED_SUFFIX = ".sagemaker-uploaded"
IGNORED_SUFFIX = ".sagemaker-ignore"


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
