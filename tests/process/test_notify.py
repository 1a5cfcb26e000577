"""What a service manager is told of a server's life."""

from __future__ import annotations

import os
import signal

import httpx
import pytest

from tests.support.command import running
from tests.support.node import sqlite_url
from tests.support.processes import children
from tests.support.service_manager import manager


@pytest.mark.redis
@pytest.mark.parametrize(("place", "workers"), [("folder@1000", 1), ("abstract", 2)])
async def test_a_service_tells_of_its_start_and_stop_and_ignores_a_hangup(redis_server, tmp_path, place, workers):
    """With this test in the place of systemd, which believes only the main process under Type=notify."""
    (tmp_path / place).mkdir()
    address = f"@{tmp_path}" if place == "abstract" else f"{tmp_path / place}/notify"
    options = ("serve", "--port", "0", "--store", redis_server.url, "--workers", str(workers))
    with manager(address) as systemd:
        async with running(*options, NOTIFY_SOCKET=address, STOPPRESS_LEAD="1") as server:
            assert (await systemd.message(), systemd.sender) == ({"READY": "1"}, server.pid)
            url = (await server.line("serves")).split("serves ")[1].split()[0]
            for pid in (server.pid, *children(server.pid)):
                os.kill(pid, signal.SIGHUP)
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(10):
                    assert (await client.get(f"{url}/readyz")).status_code == 200
            server.terminate()
            assert (await systemd.message(), systemd.sender) == ({"STOPPING": "1"}, server.pid)
            assert server.code is None, "it is told at the beginning of the stop"
            assert await server.ended() == 0
            assert not systemd.has_more()
            assert not any("worker_ended" in line for line in await server.rest())


async def test_a_server_goes_on_without_a_service_manager_that_listens(tmp_path):
    """As in a container that was given the variable, but not the socket."""
    nobody = str(tmp_path / "nobody")
    async with running("serve", "--port", "0", "--store", sqlite_url(tmp_path), NOTIFY_SOCKET=nobody) as server:
        await server.line("notify_failed", nobody)
        assert await server.stop() == 0
