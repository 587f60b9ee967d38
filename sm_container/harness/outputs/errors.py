"""What goes wrong with a job's artifacts."""

from __future__ import annotations


class ArtifactError(Exception):
    """An artifact could not be written or uploaded."""
