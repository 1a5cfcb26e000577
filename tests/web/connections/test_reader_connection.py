"""Readers on real connections: none is cut off for being slow, and the kernel keeps little for it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import cast

import pytest
from websockets.frames import Frame

from stoppress.errors import StartError
from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.process import sockets
from stoppress.web.connections import reader_connection as reader_module
from stoppress.web.connections.reader_connection import USER_TIMEOUT_MILLISECONDS, ReaderConnection
from stoppress.wire.encodings import WEBSOCKET, Compression
from tests.conftest import Eventually
from tests.support.client import Client
from tests.support.frames import client_protocol, message_of
from tests.support.history import History, entry, header

ENCODING = WEBSOCKET["stoppress.v1+json"][Compression.NONE]

SHORT = 1.0
"""In seconds."""


class Server:
    """A hub, with readers on connections to a listening socket."""

    def __init__(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.history = History()
        self.history.commit(header())
        self.hub = Hub(Replica("demo"), Timing(loop.call_later, loop.time), os.write)
        self.hub.absorb(self.history.read())
        self.address = listening.getsockname()

    async def has_reader(self) -> bool:
        return self.hub.reader_count == 1

    def publish(self, number: int) -> None:
        self.hub.apply(self.history.commit(entry(1, text=f"{number} {'word ' * 4_000}")))
        self.hub.deliver()

    def connect(self) -> socket.socket:
        """A client with little room."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        sock.connect(self.address)
        sock.settimeout(5)
        return sock


class Arrival(asyncio.Protocol):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ReaderConnection(self._hub, ENCODING, None).open(cast(asyncio.Transport, transport), b"")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(sockets, "USER_TIMEOUT_MILLISECONDS", round(1_000 * SHORT))
    monkeypatch.setattr(reader_module, "USER_TIMEOUT_MILLISECONDS", round(1_000 * SHORT))
    with sockets.listen("127.0.0.1", 0) as listening:
        node = Server(listening)
        serving = await asyncio.get_running_loop().create_server(lambda: Arrival(node.hub), sock=listening)
        yield node
        serving.close()


async def read_until(sock: socket.socket, client: Client, cursor: str) -> int:
    """Returns how many bytes came."""
    size = 0
    parser = client_protocol()
    while client.cursor != cursor:
        data = await asyncio.to_thread(sock.recv, 65_536)
        assert data, "the server hung up"
        size += len(data)
        parser.receive_data(data)
        for frame in parser.events_received():
            assert isinstance(frame, Frame)
            client.receive(message_of(frame))
    return size


async def test_a_reader_without_room_is_not_cut_off_by_the_kernel(server: Server, eventually: Eventually):
    with server.connect() as sock:
        await eventually(server.has_reader)
        for number in range(50):
            server.publish(number)
            await asyncio.sleep(0.005)
        assert server.hub.reader_count == 1
        await asyncio.sleep(3 * SHORT)
        assert server.hub.reader_count == 1
        client = Client()
        await read_until(sock, client, str(server.history.cursor))
        assert client.updates < 10, "it got what differs, not what happened"
        server.publish(99)
        await read_until(sock, client, str(server.history.cursor))


async def test_the_kernel_keeps_little_for_a_reader_without_room(server: Server, eventually: Eventually):
    with server.connect() as sock:
        await eventually(server.has_reader)
        for number in range(200):  # 4 MB
            server.publish(number)
            await asyncio.sleep(0)
        client = Client()
        size = await read_until(sock, client, str(server.history.cursor))
    assert size < 500_000
    assert client.updates < 25


async def test_accepted_connections_inherit_the_limits():
    with sockets.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MILLISECONDS
            assert accepted.getsockopt(socket.IPPROTO_TCP, 25) == sockets.UNSENT_BYTES


async def test_two_may_share_a_port_if_both_say_so():
    with sockets.listen("127.0.0.1", 0, share_port=True) as first:
        port = first.getsockname()[1]
        sockets.listen("127.0.0.1", port, share_port=True).close()
        with pytest.raises(StartError, match="cannot listen"):
            sockets.listen("127.0.0.1", port)
