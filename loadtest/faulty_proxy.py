"""A proxy with a fault: it changes what a server sends, and the checks of readers must notice that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.frames import Opcode

from stoppress.tools.swarm.frames import split_frames
from stoppress.wire.frames import frame

Fault = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""Takes an update and returns the messages to send in its place."""


def without_the_entry(update: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the update without its entries, but with its cursor."""
    return [{**update, "entries": []}]


@asynccontextmanager
async def faulty_proxy(port: int, first: int, fault: Fault) -> AsyncIterator[str]:
    """Run a proxy that changes one update on each connection: the first with a single entry of seq `first` or later.

    Args:
        port: the port of a server on this machine that sends JSON without compression.
        first: a seq.
        fault: changes the update.

    Yields:
        The proxy's address, as `http://127.0.0.1:PORT`.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = await asyncio.open_connection("127.0.0.1", port)
        there, here = asyncio.create_task(_pipe(reader, down)), asyncio.create_task(_back(up, writer, first, fault))
        tasks.update((there, here))
        await asyncio.wait((there, here), return_when=asyncio.FIRST_COMPLETED)
        for task in (there, here):
            task.cancel()
        await asyncio.gather(there, here, return_exceptions=True)
        for end in (writer, down):
            end.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: int, fault: Fault) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(head)
    if b" 101 " not in head:
        return await _pipe(reader, writer)
    rest, done = b"", False
    while data := await reader.read(65_536):
        pieces, rest = split_frames(rest + data)
        for opening, payload in pieces:
            message = msgspec.json.decode(payload) if opening == 0x81 else {}
            seqs = [entry["seq"] for entry in message.get("entries", ())]
            if not done and message.get("from") and len(seqs) == 1 and seqs[0] >= first:
                done = True
                for one in fault(message):
                    writer.write(frame(Opcode.TEXT, msgspec.json.encode(one)))
            else:
                writer.write(frame(Opcode(opening & 0x0F), payload))
    return None
