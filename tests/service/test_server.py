"""How the service listens, and to how many at once."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from sm_container.service.server import CONNECTIONS, listen
from tests.service.conftest import Service


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_does_not_wait_for_an_acknowledgement(host: str) -> None:
    """Else each takes 40 ms: its head and its body are two writes."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            found.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen(host, 0) as listening:
            server = await asyncio.start_server(connected, sock=listening)
            async with server:
                _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
                answer = await asyncio.wait_for(found, 30)
                writer.close()
        return answer

    assert asyncio.run(accepted()) != 0


def test_more_connections_than_are_served(shared: Service) -> None:
    """Whoever comes when all are taken is told to come again, as clients do by themselves."""
    address = urlsplit(shared.endpoint)
    assert address.hostname is not None

    def status() -> int:
        asking = HTTPConnection(str(address.hostname), address.port)
        try:
            asking.request("GET", "/")
            return asking.getresponse().status
        finally:
            asking.close()

    assert status() == 200
    with ExitStack() as taken:
        for _ in range(CONNECTIONS):
            taken.enter_context(socket.create_connection((address.hostname, address.port or 80)))
        assert status() == 503
    while status() != 200:  # until it has noticed that they are gone
        pass
