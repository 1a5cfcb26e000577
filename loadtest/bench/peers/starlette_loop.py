"""A broadcast with a plain Starlette loop, as in tutorials.

Takes a port and the first message; sends each line of standard input to one client after the other.
"""

from __future__ import annotations

import asyncio
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

clients: set[WebSocket] = set()


async def handle(client: WebSocket) -> None:
    await client.accept()
    await client.send_text(sys.argv[2])
    clients.add(client)
    try:
        while True:
            await client.receive_text()
    except WebSocketDisconnect:
        clients.discard(client)


async def main(port: int) -> None:
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/", handle)]),
        port=port,
        log_config=None,
        access_log=False,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        backlog=4096,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110, uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        text = line.decode().rstrip("\n")
        for client in tuple(clients):
            await client.send_text(text)
    server.should_exit = True
    await serving


uvloop.run(main(int(sys.argv[1])))
