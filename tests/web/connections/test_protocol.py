"""How connections come in: whatever the pieces, and however slow, each gets to where it belongs or is sent away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.support.node import RunningNode

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HANDSHAKE = (
    "GET /blogs/{}/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

REQUEST = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def connect(node: RunningNode) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    """Opens connections to the node that say nothing yet."""
    writers: list[asyncio.StreamWriter] = []

    async def open_connection() -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writers.append(writer)
        return reader, writer

    yield open_connection
    for writer in writers:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(30):
        return await reader.readuntil(b"\r\n\r\n")


async def message(reader: asyncio.StreamReader) -> dict[str, object]:
    """The first message after the handshake."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
    async with asyncio.timeout(30):
        while True:
            client.receive_data(await reader.read(65_536))
            for frame in client.events_received():
                assert isinstance(frame, Frame)
                if frame.opcode is Opcode.TEXT:
                    return dict(json.loads(bytes(frame.data)))


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_handshake_may_come_in_pieces(connect, blog: str, size: int):
    reader, writer = await connect()
    text = HANDSHAKE.format(blog).encode()
    for begin in range(0, len(text), size):
        writer.write(text[begin : begin + size])
        await asyncio.sleep(0.001)
    assert (await answer(reader)).startswith(b"HTTP/1.1 101 ")
    assert (await message(reader))["type"] == "update"


async def test_a_request_may_come_in_pieces(connect):
    reader, writer = await connect()
    for character in REQUEST.encode():
        writer.write(bytes([character]))
        await asyncio.sleep(0.001)
    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")


async def test_frames_may_come_right_behind_the_handshake(connect, blog: str):
    reader, writer = await connect()
    writer.write(HANDSHAKE.format(blog).encode() + Frame(Opcode.PING, b"early").serialize(mask=True))
    await answer(reader)
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
    seen: list[Frame] = []
    async with asyncio.timeout(30):
        while not any(frame.opcode is Opcode.PONG and frame.data == b"early" for frame in seen):
            client.receive_data(await reader.read(65_536))
            seen += [frame for frame in client.events_received() if isinstance(frame, Frame)]


async def test_a_header_that_comes_twice_counts_as_one_list(connect, blog: str):
    reader, writer = await connect()
    offers = "Sec-WebSocket-Protocol: nonsense\r\nSec-WebSocket-Protocol: stoppress.v1+msgpack\r\n\r\n"
    writer.write(HANDSHAKE.format(blog).encode().removesuffix(b"\r\n") + offers.encode())
    assert b"Sec-WebSocket-Protocol: stoppress.v1+msgpack\r\n" in await answer(reader)


@pytest.mark.parametrize("begin", [REQUEST[:20], HANDSHAKE[:60], "\x16\x03\x01", "\n"])
async def test_a_head_that_does_not_end_is_408(connect, begin: str):
    reader, writer = await connect()
    started = time.monotonic()
    writer.write(begin.encode())
    answered = asyncio.create_task(answer(reader))
    while not answered.done():
        writer.write(b"x")  # one byte after the other does not help
        await asyncio.wait([answered], timeout=0.1)
    assert (await answered).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 9  # it has 1.75 seconds, and a connection that says nothing has 10


async def test_a_head_that_is_too_long_is_431(connect):
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\n" + b"X-Y: " + b"z" * 40_000 + b"\r\n\r\n")
    assert (await answer(reader)).startswith(b"HTTP/1.1 431 ")


async def test_bytes_that_are_no_http_are_400(connect):
    reader, writer = await connect()
    writer.write(b"\x16\x03\x01 what\r\n\r\n")
    assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")


async def test_a_connection_may_be_silent_for_some_seconds(connect):
    """As those that browsers open in advance are."""
    reader, writer = await connect()
    await asyncio.sleep(3)
    writer.write(REQUEST.encode())
    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_goes_before_it_said_anything_is_no_trouble(connect, blog: str):
    for begin in (b"", b"GET /blogs", HANDSHAKE.format(blog).encode()):
        _, writer = await connect()
        writer.write(begin)
        await writer.drain()
        writer.transport.abort()
    reader, writer = await connect()
    writer.write(HANDSHAKE.format(blog).encode())
    assert (await answer(reader)).startswith(b"HTTP/1.1 101 ")


KEPT = REQUEST.replace("Connection: close\r\n", "")


async def test_a_handshake_may_come_on_a_connection_that_had_other_requests(connect, blog: str):
    """As reverse proxies send it."""
    reader, writer = await connect()
    for _ in range(2):
        writer.write(KEPT.encode())
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(3) == b"ok\n"
    writer.write(HANDSHAKE.format(blog).encode())
    assert (await answer(reader)).startswith(b"HTTP/1.1 101 ")
    assert (await message(reader))["blog"] == blog


async def test_a_body_that_looks_like_a_handshake_is_a_body(connect, blog: str):
    """Or one client of a proxy could answer the next one."""
    reader, writer = await connect()
    writer.write(KEPT.encode())
    await answer(reader)
    assert await reader.readexactly(3) == b"ok\n"
    body = HANDSHAKE.format(blog).encode()
    head = f"POST /api/blogs/{blog}/entries HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    assert (await answer(reader)).startswith(b"HTTP/1.1 401 "), "answered before the body has come"
    await asyncio.sleep(0.1)
    writer.write(body)
    writer.write(KEPT.encode())
    rest = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while data := await reader.read(4_096):
                rest += data
    assert b"HTTP/1.1 101 " not in rest
