"""Requests that come in too slowly or too long end, also later ones of a connection; slow but steady ones do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.node import KEY, RunningNode

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Open = Callable[[], Awaitable[Streams]]

HANDSHAKE = (
    "GET /blogs/{}/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: " + 4_000 * "c" + "\r\n\r\n"
)

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(blog: str, *headers: str) -> bytes:
    lines = [
        f"POST /api/blogs/{blog}/entries HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture
async def connect(node: RunningNode) -> AsyncIterator[Open]:
    """Opens connections whose first request was answered."""
    writers: list[asyncio.StreamWriter] = []

    async def open_connection() -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writers.append(writer)
        writer.write(LIVEZ)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(len("ok\n"))
        return reader, writer

    yield open_connection
    for writer in writers:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(30):
        return await reader.readuntil(b"\r\n\r\n")


async def dripping(streams: Streams, begin: bytes, drip: bytes) -> tuple[bytes, float]:
    """The answer to bytes that come one by one, and after how many seconds it came."""
    reader, writer = streams
    started = time.monotonic()
    writer.write(begin)
    answered = asyncio.create_task(answer(reader))
    while not answered.done():
        writer.write(drip)
        await asyncio.wait([answered], timeout=0.1)
    return await answered, time.monotonic() - started


@pytest.mark.parametrize("begin", [LIVEZ[:23], b"\r\n"])
async def test_a_later_head_that_does_not_end_is_408(connect: Open, begin: bytes):
    answered, seconds = await dripping(await connect(), begin, b"\n" if begin == b"\r\n" else b"x")
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert seconds < 9  # it has 1.75 seconds, and a connection that says nothing has 10


async def test_a_later_head_that_is_too_long_is_431(connect: Open):
    reader, writer = await connect()
    writer.write(LIVEZ[:-2] + b"X-Y: " + b"z" * 17_000)
    assert (await answer(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_by_single_bytes_is_408_though_it_never_stops(connect: Open, blog: str):
    answers = await asyncio.gather(
        dripping(await connect(), post(blog, "Content-Length: 1000"), b"x"),
        dripping(await connect(), post(blog, "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    )
    assert [answered.partition(b"\r\n")[0] for answered, _ in answers] == [b"HTTP/1.1 408 Request Timeout"] * 2
    assert all(4 < seconds < 30 for _, seconds in answers)


async def test_a_body_that_comes_slowly_but_steadily_is_taken(connect: Open, blog: str):
    reader, writer = await connect()
    body = b'{"markdown": "' + b"x " * 24_000 + b'"}'
    writer.write(post(blog, f"Content-Length: {len(body)}"))
    for begin in range(0, len(body), 3_000):  # 6 KB in a second, 8 seconds in all
        writer.write(body[begin : begin + 3_000])
        await asyncio.sleep(0.5)
    assert (await answer(reader)).startswith(b"HTTP/1.1 201 ")


async def test_pieces_of_later_requests_may_be_slow_within_their_time(connect: Open):
    reader, writer = await connect()
    for _ in range(3):
        for piece in (LIVEZ[:10], LIVEZ[10:30], LIVEZ[30:]):
            writer.write(piece)
            await asyncio.sleep(0.2)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(3)


@pytest.mark.parametrize("cut", [1, 3, 20, 60, 200, 4_000, -4, -2, -1])
async def test_a_handshake_that_follows_a_request_may_be_cut_anywhere(connect: Open, blog: str, cut: int):
    reader, writer = await connect()
    whole = HANDSHAKE.format(blog).encode()
    writer.write(whole[:cut])
    await asyncio.sleep(0.02)
    writer.write(whole[cut:])
    assert (await answer(reader)).startswith(b"HTTP/1.1 101 ")


async def test_a_later_handshake_by_single_bytes_is_accepted(connect: Open, blog: str):
    reader, writer = await connect()
    for byte in HANDSHAKE.format(blog).replace("c" * 4_000, "c").encode():
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await answer(reader)).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: a\r\nX: y\r\nhOST: b\r\n"])
@pytest.mark.parametrize("path", ["/livez", "/blogs/{}/live"])
async def test_a_request_without_one_host_is_400(node: RunningNode, connect: Open, blog: str, hosts: bytes, path: str):
    handshake = HANDSHAKE.format(blog).partition("\r\n")[2].replace("Host: localhost\r\n", "").encode()
    request = b"GET " + path.format(blog).encode() + b" HTTP/1.1\r\n" + hosts + handshake
    later = await connect()
    first = await asyncio.open_connection("127.0.0.1", node.port)
    for reader, writer in (later, first):
        writer.write(request)
        assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")
        assert await reader.read() == b"", "the connection is closed"
        writer.close()


@pytest.mark.parametrize("upgrade", ["h2c", "foo/2, bar", "TLS/1.0"])
async def test_an_upgrade_to_another_protocol_is_ignored(connect: Open, upgrade: str):
    reader, writer = await connect()
    asking = LIVEZ.replace(b"\r\n\r\n", f"\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n".encode())
    for request in (asking, LIVEZ, asking + asking + LIVEZ):
        writer.write(request)
        for _ in range(request.count(b"GET ")):
            assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(len("ok\n"))
