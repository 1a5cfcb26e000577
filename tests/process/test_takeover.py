"""A new process of the same command takes the listening socket over: nobody who connects meanwhile is refused."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from stoppress.process.notify import inherited
from tests.conftest import Eventually, RedisServer
from tests.support.command import command, environment, running
from tests.support.node import KEY, sqlite_url
from tests.support.returning_reader import ReturningReader as Fan
from tests.support.service_manager import manager

KEYS = f"tests:editor:{KEY}"
READERS = 30


async def end(pid: int) -> None:
    """It is not a child of ours: nothing but its absence says that it has ended."""
    os.kill(pid, signal.SIGTERM)
    async with asyncio.timeout(20):
        while not gone(pid):
            await asyncio.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def children(pid: int) -> set[int]:
    """Of all threads of a process."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for text in lists for child in text.read_text().split()}


class Visitors:
    """They come one after the other, each over a connection of its own, until told to stop."""

    def __init__(self, url: str) -> None:
        self.answered = 0
        self.failed: list[str] = []
        self._url = url

    async def run(self) -> None:
        while True:
            try:
                async with httpx.AsyncClient(trust_env=False) as client:
                    answer = await client.get(f"{self._url}/livez")
                self.answered += answer.status_code == 200
            except httpx.ConnectError as error:
                self.failed.append(repr(error))
            await asyncio.sleep(0.01)


@pytest.mark.redis
@pytest.mark.parametrize("workers", [1, 2])
async def test_readers_move_to_the_new_process_and_nobody_is_refused(
    redis_server: RedisServer, eventually: Eventually, workers: int
):
    options = ("serve", "--port", "0", "--store", redis_server.url, "--workers", str(workers))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(*options, STOPPRESS_KEYS=KEYS))
        url = (await server.line("serves")).split("serves ")[1].split()[0]
        blog = f"takeover-{workers}"
        editor = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, headers={"authorization": f"Bearer {KEY}"})
        )
        assert (await editor.put(f"/api/blogs/{blog}", json={})).status_code == 201
        fans = [Fan(lambda: f"{url.replace('http', 'ws', 1)}/blogs/{blog}/live") for _ in range(READERS)]
        visitors = Visitors(url)
        tasks = [asyncio.create_task(run()) for run in (*(fan.run for fan in fans), visitors.run)]
        stack.callback(lambda: [task.cancel() for task in tasks])

        async def all_there() -> bool:
            return all(fan.connected for fan in fans)

        await eventually(all_there)
        known = children(server.pid)
        server.hang_up()
        assert "serves" in await server.line("serves")
        (successor,) = children(server.pid) - known
        stack.push_async_callback(end, successor)

        async def old_one_has_ended() -> bool:
            return server.code is not None

        await eventually(old_one_has_ended)
        assert server.code == 0
        await eventually(all_there)
        assert [(fan.closed, fan.away, fan.lost, fan.not_admitted) for fan in fans if len(fan.closed) != 1] == []
        answer = await editor.post(f"/api/blogs/{blog}/entries", json={"title": "from the new one"})

        async def all_have_it() -> bool:
            return all(fan.client.cursor == answer.headers["stoppress-cursor"] for fan in fans)

        await eventually(all_have_it)
        assert not any(task.done() for task in tasks)
        assert visitors.failed == []
        assert visitors.answered > 10
        assert {fan.client.resets for fan in fans} == {1}


async def test_the_embedded_store_is_not_handed_over(tmp_path: Path):
    async with running("serve", "--port", "0", "--store", sqlite_url(tmp_path)) as server:
        url = (await server.line("serves")).split("serves ")[1].split()[0]
        server.hang_up()
        assert "restart the server" in await server.line(
            "takeover_refused", "the embedded store belongs to one process"
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/readyz")).status_code == 200
        assert await server.stop() == 0


@pytest.mark.redis
async def test_a_process_goes_on_if_the_new_one_does_not_start(redis_server: RedisServer, tmp_path: Path):
    keys = tmp_path / "keys"
    keys.write_text(KEYS)
    options = ("serve", "--port", "0", "--store", redis_server.url, "--keys-file", str(keys))
    async with running(*options) as server:
        url = (await server.line("serves")).split("serves ")[1].split()[0]
        keys.write_text("nonsense")
        server.hang_up()
        await server.line("key 1 of STOPPRESS_KEYS is malformed")
        await server.line("takeover_failed")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/readyz")).status_code == 200
        assert await server.stop() == 0


@pytest.mark.redis
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("pause", [0.0, 0.15, 0.4])
async def test_a_stop_while_a_new_process_starts_is_one_of_both(
    redis_server: RedisServer, eventually: Eventually, tmp_path: Path, workers: int, pause: float
):
    options = ("serve", "--port", "0", "--store", redis_server.url, "--workers", str(workers))
    with manager(f"{tmp_path}/notify") as systemd:
        async with running(*options, STOPPRESS_KEYS=KEYS, NOTIFY_SOCKET=systemd.address) as server:
            port = int((await server.line("serves")).split("serves ")[1].split()[0].rpartition(":")[2])
            assert "READY" in await systemd.message()
            known = children(server.pid)
            server.hang_up()
            await server.line("takeover_begins")
            (successor,) = children(server.pid) - known
            await asyncio.sleep(pause)
            server.terminate()
            try:
                assert await server.ended() == 0

                async def it_has_ended() -> bool:
                    return gone(successor)

                await eventually(it_has_ended)
            finally:
                if not gone(successor):  # it would keep the output open
                    await end(successor)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            assert "RELOADING" in await systemd.message()
            assert await systemd.message() == {"STOPPING": "1"}
            assert not systemd.has_more()


def test_a_socket_from_the_service_manager_is_served(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, fd = listening.getsockname()[1], listening.fileno()
        process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec 3<&{fd}; LISTEN_PID=$$ exec "$@"',
                "sh",
                *command("serve", "--store", sqlite_url(tmp_path)),
            ],
            env=environment({"LISTEN_FDS": "1", "STOPPRESS_KEYS": KEYS}),
            pass_fds=[fd],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            assert f"http://127.0.0.1:{port}" in process.stdout.readline().decode()
            assert httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
        finally:
            process.terminate()
            assert process.wait(20) == 0
            process.stdout.close()


def test_a_descriptor_that_does_not_listen_is_refused(tmp_path: Path):
    done = subprocess.run(
        ["sh", "-c", 'exec 3</dev/null; exec "$@"', "sh", *command("serve", "--store", sqlite_url(tmp_path))],
        env=environment({"LISTEN_FDS": "1"}),
        capture_output=True,
        timeout=20,
    )
    assert done.returncode == 2
    assert b"descriptor 3 is no TCP socket that listens" in done.stderr


@pytest.mark.parametrize("environ", [{}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x"}])
def test_what_was_handed_to_somebody_else_is_not_taken(environ: dict[str, str]):
    assert inherited(environ) == []
    assert environ == {}  # and is not handed on


@pytest.mark.parametrize("place", ["folder", "folder@1000", "abstract"])
async def test_the_service_manager_is_told_of_start_and_stop(tmp_path: Path, place: str):
    (tmp_path / place).mkdir()
    address = f"@{tmp_path}" if place == "abstract" else f"{tmp_path / place}/notify"
    with manager(address) as systemd:
        async with running(
            "serve", "--port", "0", "--store", sqlite_url(tmp_path), NOTIFY_SOCKET=address, STOPPRESS_LEAD="1"
        ) as server:
            assert await systemd.message() == {"READY": "1", "MAINPID": str(server.pid)}
            server.terminate()
            assert await systemd.message() == {"STOPPING": "1"}
            assert server.code is None, "it is told at the beginning of the stop"
            assert await server.ended() == 0
            assert not systemd.has_more()


@pytest.mark.redis
async def test_the_service_manager_is_told_when_no_process_takes_over(redis_server: RedisServer, tmp_path: Path):
    keys = tmp_path / "keys"
    keys.write_text(KEYS)
    options = ("serve", "--port", "0", "--store", redis_server.url, "--keys-file", str(keys))
    with manager(f"{tmp_path}/notify") as systemd:
        async with running(*options, NOTIFY_SOCKET=systemd.address) as server:
            ready = await systemd.message()
            keys.write_text("nonsense")
            server.hang_up()
            assert (await systemd.message())["RELOADING"] == "1"
            assert await systemd.message() == ready
            assert await server.stop() == 0
            assert await systemd.message() == {"STOPPING": "1"}


async def test_a_server_goes_on_without_a_service_manager_that_listens(tmp_path: Path):
    """As in a container that was given the variable, but not the socket."""
    nobody = str(tmp_path / "nobody")
    async with running("serve", "--port", "0", "--store", sqlite_url(tmp_path), NOTIFY_SOCKET=nobody) as server:
        await server.line("notify_failed", nobody)
        assert await server.stop() == 0
