"""The service as a process: it listens, and ends without losing a request or a job.

The first SIGTERM or Ctrl-C drains it: no new job is taken, those that run end, and meanwhile every
question is answered. The second ends the service; jobs that run go on without it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from sm_container.service.account import Account

CONNECTIONS = 512
"""As many are served at once; the next is answered by 503, after which clients try again."""
_BACKLOG = 512
_LAST_REQUESTS_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; port 0 is any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol said, asyncio sets TCP_NODELAY: without that an answer, whose head and body
    # are two writes, takes the 40 ms of a delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def serve(
    account: Account, app: ASGIApp, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """Answer requests until a signal ends it. Must be called in the main thread."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
        server_header=False,
    )
    _Server(config, account, ready).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Uvicorn's server, which drains the queue before it ends."""

    def __init__(self, config: uvicorn.Config, account: Account, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._account = account
        self._ready = ready
        self._is_draining = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._is_draining.is_set():
            self._is_draining.set()
            running, waiting = self._account.queue.drain()
            if running:
                self._say_what_is_awaited(running, waiting)
                return
        elif running := self._account.queue.drain()[0]:
            goes_on = "1 job goes on" if running == 1 else f"{running} jobs go on"
            self._account.tell(f"the service ends; {goes_on} without it: sm-container ps")
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if self._is_draining.is_set() and self._account.queue.is_idle():
            self.should_exit = True
        return await super().on_tick(counter)

    def _say_what_is_awaited(self, running: int, waiting: int) -> None:
        awaited = "1 that runs is" if running == 1 else f"{running} that run are"
        rest = "" if not waiting else f", {waiting} left for the next start"
        self._account.tell(
            f"no more jobs are taken; {awaited} awaited{rest}; a second Ctrl-C or SIGTERM ends the "
            "service at once, and what runs goes on"
        )
