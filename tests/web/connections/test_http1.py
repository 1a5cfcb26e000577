"""Requests that come in too slowly or too long end, also later ones of a connection; slow but steady ones do not."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.raw import LIVEZ, Streams, handshake, head_of, posting
from tests.web.conftest import Dial

LONG_COOKIE = "Cookie: " + 4_000 * "c"


@pytest.fixture
def connect(dial: Dial) -> Dial:
    """Open connections whose first request was answered."""

    async def open_connection() -> Streams:
        reader, writer = await dial()
        writer.write(LIVEZ)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(len("ok\n"))
        return reader, writer

    return open_connection


async def dripping(streams: Streams, begin: bytes, drip: bytes) -> tuple[bytes, float]:
    """The answer to bytes that come one by one, and after how many seconds it came."""
    reader, writer = streams
    started = time.monotonic()
    writer.write(begin)
    answered = asyncio.create_task(head_of(reader))
    while not answered.done():
        writer.write(drip)
        await asyncio.wait([answered], timeout=0.1)
    return await answered, time.monotonic() - started


@pytest.mark.parametrize("begin", [LIVEZ[:23], handshake("x")[:60], b"\x16\x03\x01", b"\n", b"\r\n"])
async def test_a_head_that_does_not_end_is_408(dial: Dial, connect: Dial, begin: bytes):
    drip = b"\n" if begin == b"\r\n" else b"x"
    for answered, seconds in await asyncio.gather(
        *[dripping(await opened(), begin, drip) for opened in (dial, connect)]
    ):
        assert answered.startswith(b"HTTP/1.1 408 ")
        assert seconds < 9  # it has 1.75 seconds, and a connection that says nothing has 10


async def test_a_head_that_is_too_long_is_431(dial: Dial, connect: Dial):
    for opened, count in ((dial, 40_000), (connect, 17_000)):
        reader, writer = await opened()
        writer.write(LIVEZ[:-2] + b"X-Y: " + b"z" * count)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_by_single_bytes_is_408_though_it_never_stops(connect: Dial, blog: str):
    answers = await asyncio.gather(
        dripping(await connect(), posting(blog, "Content-Length: 1000"), b"x"),
        dripping(await connect(), posting(blog, "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    )
    assert [answered.partition(b"\r\n")[0] for answered, _ in answers] == [b"HTTP/1.1 408 Request Timeout"] * 2
    assert all(4 < seconds < 30 for _, seconds in answers)


async def test_a_body_that_comes_slowly_but_steadily_is_taken(connect: Dial, blog: str):
    reader, writer = await connect()
    body = b'{"markdown": "' + b"x " * 24_000 + b'"}'
    writer.write(posting(blog, f"Content-Length: {len(body)}"))
    for begin in range(0, len(body), 3_000):  # 6 KB in a second, 8 seconds in all
        writer.write(body[begin : begin + 3_000])
        await asyncio.sleep(0.5)
    assert (await head_of(reader)).startswith(b"HTTP/1.1 201 ")


async def test_pieces_of_later_requests_may_be_slow_within_their_time(connect: Dial):
    reader, writer = await connect()
    for _ in range(3):
        for piece in (LIVEZ[:10], LIVEZ[10:30], LIVEZ[30:]):
            writer.write(piece)
            await asyncio.sleep(0.2)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(3)


@pytest.mark.parametrize("cut", [1, 3, 20, 60, 200, 4_000, -4, -2, -1])
async def test_a_handshake_that_follows_a_request_may_be_cut_anywhere(connect: Dial, blog: str, cut: int):
    reader, writer = await connect()
    whole = handshake(blog, LONG_COOKIE)
    writer.write(whole[:cut])
    await asyncio.sleep(0.02)
    writer.write(whole[cut:])
    assert (await head_of(reader)).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: a\r\nX: y\r\nhOST: b\r\n"])
@pytest.mark.parametrize("path", [b"/livez", b"/blogs/%s/live"])
async def test_a_request_without_one_host_is_400(dial: Dial, connect: Dial, blog: str, hosts: bytes, path: bytes):
    _, _, rest = handshake(blog).replace(b"Host: localhost\r\n", b"").partition(b"\r\n")
    for opened in (dial, connect):
        reader, writer = await opened()
        writer.write(b"GET " + path.replace(b"%s", blog.encode()) + b" HTTP/1.1\r\n" + hosts + rest)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 400 ")
        assert await reader.read() == b"", "the connection is closed"


@pytest.mark.parametrize("upgrade", ["h2c", "foo/2, bar", "TLS/1.0"])
async def test_an_upgrade_to_another_protocol_is_ignored(connect: Dial, upgrade: str):
    reader, writer = await connect()
    asking = LIVEZ.replace(b"\r\n\r\n", f"\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n".encode())
    for request in (asking, LIVEZ, asking + asking + LIVEZ):
        writer.write(request)
        for _ in range(request.count(b"GET ")):
            assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(len("ok\n"))
