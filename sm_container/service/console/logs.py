"""A job's logs: their ends, which grow while it runs, and each whole as text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from sm_container.harness.report.following import Piece, piece
from sm_container.harness.store.folder import JobFolder
from sm_container.service.account import Account
from sm_container.service.console.answering import not_found
from sm_container.service.console.asked import Asked
from sm_container.service.console.found import found_job
from sm_container.service.console.rendering import rendered
from sm_container.service.console.sending import streamed

_SHOWN = 1 << 20
"""Characters that a page shows before it begins anew with the log's end: a browser slows down."""


@dataclass(frozen=True)
class LogPart:
    """What a page shows more of a host's log; ``shown`` is how much it has then, in characters."""

    host: str
    piece: Piece
    shown: int
    is_growing: bool


def log_parts(folder: JobFolder, *, is_running: bool) -> list[LogPart]:
    """The end of each host's log."""
    pieces = {
        host: piece(folder.log(host), is_ended=not is_running) for host in folder.hosts_with_logs()
    }
    return [LogPart(host, each, len(each.text), is_running) for host, each in pieces.items()]


def logs(account: Account, asked: Asked) -> Response:
    """The part of a job's page with all its logs, for one on which nothing was written yet."""
    folder, record = found_job(account, asked)
    is_running = not record.status.is_terminal
    parts = log_parts(folder, is_running=is_running)
    return rendered(account, "logs.html", record=record, logs=parts, is_running=is_running)


def log_more(account: Account, asked: Asked) -> Response:
    """What was written to a log since a page asked last."""
    folder, record = found_job(account, asked)
    log = _log(folder, asked.path["host"])
    start, shown = _number(asked.query.get("from")), _number(asked.query.get("shown"))
    # Read after the record: what is written before a job's end is not missed.
    more = piece(log, start, is_ended=record.status.is_terminal)
    begins_anew = shown > _SHOWN or not more.is_whole
    part = LogPart(
        asked.path["host"],
        more,
        len(more.text) if begins_anew else shown + len(more.text),
        not record.status.is_terminal,
    )
    response = rendered(account, "log_more.html", record=record, log=part)
    if begins_anew:
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def whole_log(account: Account, asked: Asked) -> Response:
    """All of a log by now, as it was written."""
    folder, _ = found_job(account, asked)
    log = _log(folder, asked.path["host"])
    try:
        file = open(log, "rb")  # noqa: SIM115 - closed when all was sent
    except FileNotFoundError:
        raise not_found("The job was deleted") from None
    kind = "text/plain; charset=utf-8"
    return StreamingResponse(streamed(file, os.fstat(file.fileno()).st_size), media_type=kind)


def _log(folder: JobFolder, host: str) -> Path:
    if host not in folder.hosts_with_logs():
        raise not_found("There is no such log")
    return folder.log(host)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0
