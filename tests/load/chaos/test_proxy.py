"""The network link of the chaos harness: each fault does what it says, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from loadtest.chaos.stage.proxy import DOWN, NetworkLink

SOON = 0.2
"""Seconds in which nothing may come."""


@pytest.fixture
async def link() -> AsyncIterator[NetworkLink]:
    """A link to a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1_000):
                writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        link = NetworkLink(server.sockets[0].getsockname()[1])
        await link.start()
        yield link
        await link.close()


async def ask(link: NetworkLink, data: bytes = b"hello") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(data)
    return reader, writer


async def test_a_link_passes_data(link):
    reader, writer = await ask(link)
    assert await reader.readexactly(5) == b"hello"
    writer.close()


async def test_a_stall_holds_data_back_until_it_is_over(link):
    link.stalled.add(DOWN)
    reader, writer = await ask(link)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), SOON)
    link.heal()
    assert await reader.readexactly(5) == b"hello"
    writer.close()


async def test_a_cut_within_a_frame_passes_only_its_beginning(link):
    reader, writer = await ask(link, b"1")
    assert await reader.readexactly(1) == b"1"
    link.cut_within_frame(2)
    writer.write(b"hello")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)) as lost:
        await reader.readexactly(5)
    assert getattr(lost.value, "partial", b"he") == b"he"
    writer.close()


async def test_a_forgotten_connection_stays_open_and_new_ones_work(link):
    reader, writer = await ask(link, b"1")
    assert await reader.readexactly(1) == b"1"
    link.forget()
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), SOON)
    other, its_writer = await ask(link)
    assert await other.readexactly(5) == b"hello"
    its_writer.close()
    writer.close()


async def test_a_switch_leads_new_connections_elsewhere_and_can_keep_old_ones(link):
    reader, writer = await ask(link, b"1")
    assert await reader.readexactly(1) == b"1"

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"other")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        link.switch(server.sockets[0].getsockname()[1], cut=False)
        other, its_writer = await ask(link)
        assert await other.readexactly(5) == b"other"
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        for one in (writer, its_writer):
            one.close()
        link.cut()
