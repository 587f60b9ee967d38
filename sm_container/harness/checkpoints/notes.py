"""What the user should know of a sync, each kind of thing once: a container may do it a million
times."""

from __future__ import annotations

import threading


class Notes:
    """Texts by kind, the first of each; used by several threads."""

    def __init__(self, about: str) -> None:
        self._about = about
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}

    def add(self, kind: str, text: str) -> None:
        """Take a text down, unless there is one of its kind."""
        with self._lock:
            self._texts.setdefault(kind, f"{self._about}: {text}")

    @property
    def texts(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._texts.values())
