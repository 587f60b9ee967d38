"""What speaks against a mount."""

from __future__ import annotations


class MountError(Exception):
    """A folder cannot be mounted or unmounted; says why, and what to do."""
