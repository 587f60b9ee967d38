"""The zero-byte markers that the platform puts beside the files of a checkpoint."""

from __future__ import annotations

UPLOADING_SUFFIX = ".sagemaker-uploading"
UPLOADED_SUFFIX = ".sagemaker-uploaded"


def is_upload_marker(name: str) -> bool:
    """Whether a file's name is that of a marker, which whoever loads checkpoints must skip.

    Source: developer guide, "Use Checkpoints in Amazon SageMaker".
    """
    return name.endswith((UPLOADING_SUFFIX, UPLOADED_SUFFIX))
