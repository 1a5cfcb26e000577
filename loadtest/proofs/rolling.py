"""A rolling restart: two nodes behind nginx restart under load; no change is lost, and no reader waits long."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from loadtest.ports import free_port
from loadtest.server import NodeProcess
from loadtest.swarming import read_seconds, run_swarm

MAX_BACK_SECONDS, MAX_CLOSED_SHARE = 10.0, 0.1
"""Seconds in which 95 % must be back, and the maximum share of readers that are disconnected in one second."""

CALM_SECONDS = 8.0
"""Seconds before, between and after the restarts."""

MAX_RESTART_SECONDS = 90.0
"""Seconds that the two restarts may take."""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; worker_processes 1; worker_rlimit_nofile 40000;
events {{ worker_connections 20000; }}
http {{
    access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream nodes {{ {servers} }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
            proxy_buffering off; proxy_read_timeout 75s;
        }}
    }}
}}
"""


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def program(name: str, *arguments: str, port: int) -> AsyncIterator[None]:
    """Run an installed server until the end of the block, which starts when its port answers."""
    command = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if command is None:
        sys.exit(f"{name} is missing. Install it: apt-get install {'nginx-light' if name == 'nginx' else name}")
    process = await asyncio.create_subprocess_exec(command, *arguments, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(10):
            while not await answers(port):  # noqa: ASYNC110, another process
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await process.wait()


async def restart(nodes: list[NodeProcess]) -> None:
    """Restart the nodes as a deployment does: each one when the one before is ready."""
    for node in nodes:
        await asyncio.sleep(CALM_SECONDS)
        await node.stop()
        await node.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            while (await http.get(f"{node.url}/readyz")).status_code != 200:  # noqa: ASYNC110, another process
                await asyncio.sleep(0.1)
    await asyncio.sleep(CALM_SECONDS)


async def run_restarts(url: str, nodes: list[NodeProcess], readers: int, publish: float) -> tuple[dict[str, Any], int]:
    """Restart the nodes under load. Returns the swarm's figures, and the most readers disconnected in one second."""
    figures: dict[str, Any] = {}
    most, restarting = 0, None
    async with run_swarm(url, readers=readers, rate=500, publish=publish, duration=MAX_RESTART_SECONDS) as swarm:
        async for figures in read_seconds(swarm):
            if restarting is None and figures.get("live") == readers:
                restarting = asyncio.create_task(restart(nodes))
                restarting.add_done_callback(lambda _: swarm.terminate())
            most = max(most, figures["closed"]) if "second" in figures else most
        if restarting is None or not restarting.done():
            sys.exit(f"the restarts did not end within {MAX_RESTART_SECONDS:g} s")
        restarting.result()
    return figures, most


async def rolling(readers: int, publish: float) -> bool:
    """Play the rolling restart and print the result. Returns whether every promise was kept."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis, front = free_port(), free_port()
        settings = f"--port {redis} --bind 127.0.0.1 --appendonly yes --dir {folder} --save".split()
        await stack.enter_async_context(program("redis-server", *settings, "", port=redis))
        store = {"STOPPRESS_STORE": f"redis://127.0.0.1:{redis}/0"}
        nodes = [await stack.enter_async_context(NodeProcess(folder, **store)) for _ in range(2)]
        servers = " ".join(f"server 127.0.0.1:{node.port} max_fails=1 fail_timeout=1s;" for node in nodes)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=front, servers=servers))
        await stack.enter_async_context(program("nginx", "-c", str(folder / "nginx.conf"), port=front))
        figures, most = await run_restarts(f"http://127.0.0.1:{front}", nodes, readers, publish)
    writes, back, share = figures["writes"], figures["back_ms"]["p95"] / 1000, most / readers
    print(
        f"{figures['closed']:,} closed, at most {most:,} in one second, {share:.1%} of all; {figures['resets']} reset"
    )
    print(f"{figures['returned']:,} returned, 95 % within {back:.1f} s")
    print(f"{writes['answered']:,} writes, {writes['repeated']:,} sent twice, {len(writes['failed']):,} failed")
    print(f"wrong: {figures['wrong'] or 'nothing'}")
    is_kept = not figures["wrong"] and not writes["failed"] and back <= MAX_BACK_SECONDS and share <= MAX_CLOSED_SHARE
    return is_kept and figures["returned"] >= readers / 2 and figures["resets"] == 0
