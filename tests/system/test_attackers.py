"""Clients that mean harm cost little memory, are sent away within two seconds, and slow nobody (P6)."""

from __future__ import annotations

import asyncio
import struct
import time
from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Close, Frame, Opcode

from tests.support.frames import client_protocol
from tests.support.node import RunningNode, until_received
from tests.support.processes import Slowdown, resident
from tests.support.raw import handshake

ATTACKERS = 20

HANDSHAKE = handshake("demo")


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


BEGIN = frame(Opcode.TEXT, b"x", fin=False)

ATTACKS = {
    "ping flood": (HANDSHAKE, frame(Opcode.PING, b"x" * 100) * 500, 1008),
    "pongs": (HANDSHAKE, frame(Opcode.PONG, b"") * 1_000, 1008),
    "fragments of one byte": (HANDSHAKE + BEGIN, frame(Opcode.CONT, b"x", fin=False) * 1_000, 1008),
    "empty continuation frames": (HANDSHAKE + BEGIN, frame(Opcode.CONT, b"", fin=False) * 1_000, 1008),
    "a length of 64 bits": (HANDSHAKE + b"\x82\xff" + struct.pack("!Q", 2**40) + bytes(4), bytes(10_000), 1009),
    "a length beyond 64 bits": (HANDSHAKE + b"\x82\xff" + b"\xff" * 8 + bytes(4), bytes(10_000), 1009),
    "a frame byte by byte": (HANDSHAKE + b"\x82\xfe\x10\x00", b"", 1008),
    "a slow header": (HANDSHAKE[:40], b"", None),
}
"""What is sent first, then again and again until the server hangs up, or one byte at a time; and the close code."""


async def attack(node: RunningNode, first: bytes, again: bytes) -> tuple[float, int | None]:
    """Returns the seconds until the server hung up, and the code of its close frame."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    started = time.monotonic()
    writer.write(first)
    received = asyncio.create_task(_until_closed(reader))
    while not received.done():
        with suppress(ConnectionError):
            writer.write(again or b"x")
            await writer.drain()
        await asyncio.wait([received], timeout=0 if again else 0.005)
    seconds = time.monotonic() - started
    data = await received
    writer.transport.abort()
    return seconds, _close_code(data)


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    data = b""
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            data += piece
    return data


def _close_code(data: bytes) -> int | None:
    client = client_protocol()
    client.receive_data(data.partition(b"\r\n\r\n")[2])
    for event in client.events_received():
        if isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
            return Close.parse(event.data).code
    return None


@pytest.mark.parametrize("kind", ATTACKS)
async def test_attackers_are_sent_away(empty_node, kind, figure):
    first, again, code = ATTACKS[kind]
    slowdown = Slowdown()
    node = await empty_node()
    await node.make_blog("demo")
    async with connect(f"{node.websocket_url}/blogs/demo/live") as line:
        await attack(node, first, again)  # what is made once is made
        before = resident(node.pid)
        attacks = asyncio.gather(*(attack(node, first, again) for _ in range(ATTACKERS)))
        delays = []
        for _ in range(10):
            delays.append(await delay(node, line))
            slowdown.sample()
        results = await attacks
        grown = max(0, resident(node.pid) - before) / ATTACKERS
    seconds, codes = max(seconds for seconds, _ in results), {code for _, code in results}
    figure(
        f"{ATTACKERS} x {kind}: {grown / 1024:.0f} KB each, closed with {codes} after {seconds:.2f} s at the latest; "
        f"an entry took {max(delays) * 1000:.0f} ms to another reader"
    )
    assert grown <= 1024 * 1024
    assert codes == {code}
    assert seconds <= 2 * slowdown.factor
    assert max(delays) <= 0.5 * slowdown.factor


async def delay(node: RunningNode, line: ClientConnection) -> float:
    """Seconds from a post to a reader."""
    started = time.monotonic()
    async with node.editor() as editor:
        answer = await editor.post("/api/blogs/demo/entries", json={"markdown": "news"})
    await until_received(line, answer.headers["stoppress-cursor"])
    return time.monotonic() - started
