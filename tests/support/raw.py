"""HTTP by hand: requests as bytes, which a test may send in any pieces and at any pace."""

from __future__ import annotations

import asyncio

from tests.support.node import KEY

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def handshake(blog: str, *headers: str) -> bytes:
    """Return the head of a WebSocket handshake."""
    lines = [
        f"GET /blogs/{blog}/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def posting(blog: str, *headers: str, key: str = KEY) -> bytes:
    """Return the head of a request that creates an entry."""
    lines = [f"POST /api/blogs/{blog}/entries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"]
    return "\r\n".join([*lines, f"Authorization: Bearer {key}", *headers, "", ""]).encode()


async def respond(writer: asyncio.StreamWriter, body: bytes, *headers: str, status: str = "200 OK") -> None:
    """Answer with a body, and end the connection."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """Return the head of the next answer, within half a minute."""
    async with asyncio.timeout(60):
        return await reader.readuntil(b"\r\n\r\n")
