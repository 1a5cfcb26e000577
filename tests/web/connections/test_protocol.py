"""How connections come in: whatever the pieces, and however slow, each gets to where it belongs or is sent away."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from websockets.frames import Frame, Opcode

from tests.support.frames import client_protocol
from tests.support.raw import LIVEZ, handshake, head_of
from tests.web.conftest import Dial


async def frame(reader: asyncio.StreamReader, opcode: Opcode) -> bytes:
    """Return the data of the first frame of a kind after the handshake."""
    client = client_protocol()
    async with asyncio.timeout(30):
        while True:
            client.receive_data(await reader.read(65_536))
            for event in client.events_received():
                assert isinstance(event, Frame)
                if event.opcode is opcode:
                    return bytes(event.data)


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_requests_and_handshakes_may_come_in_pieces(dial: Dial, blog: str, size: int):
    for text, status in ((handshake(blog), b" 101 "), (LIVEZ, b" 200 ")):
        reader, writer = await dial()
        for begin in range(0, len(text), size):
            writer.write(text[begin : begin + size])
            await asyncio.sleep(0.001)
        assert status in (await head_of(reader))[:13]


async def test_frames_may_come_right_behind_the_handshake(dial: Dial, blog: str):
    reader, writer = await dial()
    writer.write(handshake(blog) + Frame(Opcode.PING, b"early").serialize(mask=True))
    await head_of(reader)
    assert await frame(reader, Opcode.PONG) == b"early"


async def test_a_header_that_comes_twice_counts_as_one_list(dial: Dial, blog: str):
    reader, writer = await dial()
    offers = "Sec-WebSocket-Protocol: nonsense", "Sec-WebSocket-Protocol: stoppress.v1+msgpack"
    writer.write(handshake(blog, *offers))
    assert b"Sec-WebSocket-Protocol: stoppress.v1+msgpack\r\n" in await head_of(reader)


async def test_bytes_that_are_no_http_are_400(dial: Dial):
    reader, writer = await dial()
    writer.write(b"\x16\x03\x01 what\r\n\r\n")
    assert (await head_of(reader)).startswith(b"HTTP/1.1 400 ")


async def test_a_connection_may_be_silent_for_some_seconds(dial: Dial):
    """As those that browsers open in advance are."""
    reader, writer = await dial()
    await asyncio.sleep(3)
    writer.write(LIVEZ)
    assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_goes_before_it_said_anything_is_no_trouble(dial: Dial, blog: str):
    for begin in (b"", b"GET /blogs", handshake(blog)):
        _, writer = await dial()
        writer.write(begin)
        await writer.drain()
        writer.transport.abort()
    reader, writer = await dial()
    writer.write(handshake(blog))
    assert (await head_of(reader)).startswith(b"HTTP/1.1 101 ")


async def test_a_handshake_may_come_on_a_connection_that_had_other_requests(dial: Dial, blog: str):
    """As reverse proxies send it."""
    reader, writer = await dial()
    for _ in range(2):
        writer.write(LIVEZ)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(3) == b"ok\n"
    writer.write(handshake(blog))
    assert (await head_of(reader)).startswith(b"HTTP/1.1 101 ")
    assert json.loads(await frame(reader, Opcode.TEXT))["blog"] == blog


async def test_a_body_that_looks_like_a_handshake_is_a_body(dial: Dial, blog: str):
    """Or one client of a proxy could answer the next one."""
    reader, writer = await dial()
    writer.write(LIVEZ)
    await head_of(reader)
    assert await reader.readexactly(3) == b"ok\n"
    body = handshake(blog)
    head = f"POST /api/blogs/{blog}/entries HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    assert (await head_of(reader)).startswith(b"HTTP/1.1 401 "), "answered before the body has come"
    await asyncio.sleep(0.1)
    writer.write(body)
    writer.write(LIVEZ)
    rest = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while data := await reader.read(4_096):
                rest += data
    assert b"HTTP/1.1 101 " not in rest
