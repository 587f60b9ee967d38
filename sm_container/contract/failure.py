"""What a failure file says of an exception: its type, message, causes and the author's frames.

Source: developer guide, "How Amazon SageMaker Signals Algorithm Success and Failure": the first
1024 characters become the job's FailureReason, often all that a user reads.
"""

from __future__ import annotations

import itertools
import os
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sm_container.contract.outcome import FAILURE_LIMIT, truncated

if TYPE_CHECKING:
    from traceback import FrameSummary

FRAMES = 4
_OTHER_LIMIT = 150
_FRAME_LIMIT = 160
_FRAMES_LIMIT = 420  # of the 1024, kept for where it happened
_PATH_LIMIT = 48
_LIBRARY = Path(__file__).parent.parent
# What a worker's traceback is sent in by multiprocessing and concurrent.futures.
_CARRIERS = frozenset({"RemoteTraceback", "_RemoteTraceback"})


def failure_text(error: BaseException) -> str:
    """Describe an exception within 1024 characters, the most telling first.

    The exception, the exceptions that caused it, then the last frames of the author's code,
    from the root cause outward. Frames of this library, of installed packages and of the
    standard library are left out as long as any other is there.
    """
    chain = list(_chain(error))
    # One that was raised again in another thread or process says the same twice.
    first, *causes = (name for name, _ in itertools.groupby(map(_named, chain)))
    return composed(first, causes, map(_place, _author_frames(chain)))


def composed(
    exception: str, causes: Sequence[str], places: Iterable[str], consequence: str = ""
) -> str:
    """The text of a failure, at most 1024 characters: only the first exception's message gives.

    ``causes`` are from the last to the root; of many the nearest and the root are told.
    ``places`` are as ``place`` makes them. ``consequence`` is a failure that followed.
    """
    told = causes if len(causes) <= 2 else (causes[0], causes[-1])
    others = [f"\ncaused by {_shortened(cause, _OTHER_LIMIT)}" for cause in told]
    if consequence:
        others.append(f"\nfollowed by {_shortened(consequence, _OTHER_LIMIT)}")
    where = "".join(_shortened(f"\nat {place}", _FRAME_LIMIT) for place in places)
    rest = "".join(others) + truncated(where, _FRAMES_LIMIT)
    return _shortened(exception, FAILURE_LIMIT - len(rest)) + rest


def place(file: str, line: int | None, function: str, source: str | None) -> str:
    """Where in the author's code: the end of a long path is what tells files apart."""
    if len(file) > _PATH_LIMIT:
        file = f"…{file[1 - _PATH_LIMIT :]}"
    return f"{file}:{line} in {function}" + (f": {source}" if source else "")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, from the last to the root; a group goes by its first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        members = getattr(link, "exceptions", None)  # ExceptionGroup, from Python 3.11
        if isinstance(members, tuple) and members:
            link = members[0]
        else:
            link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if type(link).__name__ in _CARRIERS:  # a worker's, already told by what it carries
            return


def _named(error: BaseException) -> str:
    try:
        message = str(error).strip()
    except Exception as fault:  # noqa: BLE001 - the author's __str__ must not hide the failure
        message = f"(its message cannot be shown: {type(fault).__name__})"
    name = type(error).__qualname__
    return f"{name}: {message}" if message else name


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _author_frames(chain: Sequence[BaseException]) -> list[FrameSummary]:
    """The last frames of the author's code, innermost first, each function once."""
    from traceback import extract_tb

    frames = [
        frame
        for link in reversed(chain)
        for frame in reversed(extract_tb(link.__traceback__))
        if not _ours(frame.filename)
    ]
    of_author = [frame for frame in frames if not _installed(frame.filename)]
    by_function = {(frame.filename, frame.name): frame for frame in reversed(of_author or frames)}
    return list(by_function.values())[::-1][:FRAMES]


def _ours(filename: str) -> bool:
    return Path(filename).is_relative_to(_LIBRARY)


def _installed(filename: str) -> bool:
    parts = Path(filename).parts
    return (
        filename.startswith("<")
        or "site-packages" in parts
        or "dist-packages" in parts
        or Path(filename).is_relative_to(sysconfig.get_path("stdlib"))
    )


def _place(frame: FrameSummary) -> str:
    path = Path(frame.filename)
    here = Path(os.path.abspath(os.curdir))
    inside = here != Path(here.anchor) and path.is_relative_to(here)
    shown = str(path.relative_to(here) if inside else path)
    return place(shown, frame.lineno, frame.name, frame.line)
