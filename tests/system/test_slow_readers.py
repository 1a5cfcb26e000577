"""Readers that do not read cost a bounded amount of memory, slow nobody, and get everything in the end (P6)."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack

from websockets.asyncio.client import connect

from tests.support.client import Client
from tests.support.processes import resident

STALLED, EDITS, SIZE = 20, 80, 100_000


async def stalled(url: str):
    """A reader whose line takes little and then no more: nothing is read until `recv` is called."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0])))
    return await connect(url, sock=sock, compression=None, max_queue=1, max_size=None)


async def read_until(line, client: Client, cursor: str) -> None:
    async with asyncio.timeout(30):
        while client.cursor != cursor:
            client.receive(json.loads(await line.recv()))


async def test_stalled_readers_are_bounded_and_complete_in_the_end(start_node, figure):
    node = await start_node()
    await node.make_blog("demo")
    url = f"{node.websocket_url}/blogs/demo/live"
    async with AsyncExitStack() as stack, node.editor() as editor:
        alert, reader = await stack.enter_async_context(await connect(url, compression=None, max_size=None)), Client()
        address = (await editor.post("/api/blogs/demo/entries", json={"title": "long"})).headers["location"]

        async def edit(times: int) -> str:  # of one entry, so that the blog itself does not grow
            cursor = ""
            for number in range(times):
                answer = await editor.patch(address, json={"html": f"<p>{number} {'word ' * (SIZE // 5)}</p>"})
                assert answer.status_code == 200
                cursor = answer.headers["stoppress-cursor"]
                await read_until(alert, reader, cursor)
            return cursor

        await edit(10)
        before = resident(node.pid)
        lines = [await stack.enter_async_context(await stalled(url)) for _ in range(STALLED)]
        cursor = await edit(EDITS)
        per_reader = max(0, resident(node.pid) - before) / STALLED
        figure(f"{STALLED} stalled readers while {EDITS * 2 * SIZE // 10**6} MB came: {per_reader / 1024:.0f} KB each")
        assert per_reader < 400 * 1024, "more than the message that a reader was in the middle of"
        for line in lines:
            client = Client()
            await read_until(line, client, cursor)
            assert client.complete
            assert client.updates < EDITS / 2, "it got what differed, beside what the kernel held, not what happened"
