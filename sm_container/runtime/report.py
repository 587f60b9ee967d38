"""What the child tells its supervisor through a pipe: the command that it becomes, or the fault.

The supervisor imports none of what preparation needs, so it cannot know either by itself. The
command is sent fit for a log, its secrets gone.
"""

from __future__ import annotations

import os

_LONGEST = 8192  # far below what a pipe holds: sending never waits for the reader
_COMMAND = b"C"
_FAULT = b"F"
_END = b"\0"


def send_command(descriptor: int, command: str) -> None:
    """Tell the command that is about to run."""
    _send(descriptor, _COMMAND, command)


def send_fault(descriptor: int, fault: str) -> None:
    """Tell why no program will run."""
    _send(descriptor, _FAULT, fault)


def parse(content: bytes) -> tuple[str | None, str | None]:
    """The command and the fault that were sent, each None if it was not."""
    latest = {message[:1]: message[1:] for message in content.split(_END) if message}
    return _text(latest.get(_COMMAND)), _text(latest.get(_FAULT))


def _send(descriptor: int, kind: bytes, text: str) -> None:
    content = text.encode("utf-8", "replace").replace(_END, b"")[:_LONGEST]
    os.write(descriptor, kind + content + _END)


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "ignore")
