"""A real server process."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection

from loadtest.ports import free_port
from tests.support.warm import WarmProcess, command

KEY = "secret-of-the-tests"
ADMIN_KEY = "secret-of-an-admin"


class RunningNode:
    """`stoppress serve` on a loopback port of its own, which it keeps over a restart.

    Args:
        store: its `STOPPRESS_STORE`.
        descriptors: how many files it may open at the most, if that is not left to the machine.
        environ: further settings, as environment variables.
    """

    def __init__(self, store: str, descriptors: int | None = None, **environ: str) -> None:
        self._descriptors = descriptors
        self.key = KEY
        self.blogs: set[str] = set()
        """Those that `make_blog` has made."""
        self.port = free_port()
        self._process: WarmProcess | None = None
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STOPPRESS_")},
            "STOPPRESS_STORE": store,
            "STOPPRESS_KEYS": f"tests:editor:{KEY} root:admin:{ADMIN_KEY}",
            **environ,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.code is None

    async def __aenter__(self) -> RunningNode:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return when it serves."""
        await self.stop()  # it may have ended by itself
        serve = partial(command, "serve", "--port", str(self.port))
        self._process = WarmProcess(serve, self._environ, self._descriptors)
        async with asyncio.timeout(60):
            line = await self._process.line()
        if f" serves {self.url}" not in line:
            raise AssertionError(f"the server did not start: {line!r}, exit code {await self.stop()}")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """End it, and wait until it is gone. Return its exit code."""
        process, self._process = self._process, None
        return await process.stop(how) if process else None

    def editor(self, kept: float = 5, key: str = "") -> httpx.AsyncClient:
        """Return a client of the editors' API. It keeps idle connections for some seconds.

        `key` is another secret than that of the node's own key.
        """
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {key or self.key}"},
            timeout=60,
            limits=httpx.Limits(keepalive_expiry=kept),
            verify=False,  # without TLS; loading the certificates would take longer than a request
            trust_env=False,
        )

    async def make_blog(self, blog: str = "demo", **header: Any) -> None:
        async with self.editor() as editor:
            answer = await editor.put(f"/api/blogs/{blog}", json={"headline": blog, **header})
            assert answer.status_code in (200, 201), answer.text
        self.blogs.add(blog)

    async def until_readers(self, transport: str, number: int) -> None:
        """Wait until the node has so many readers over `long_poll`, `sse` or uncompressed `websocket`."""
        async with asyncio.timeout(60):
            while (await self.samples()).get(("stoppress_readers", "none", "json", transport)) != number:
                await asyncio.sleep(0.05)

    async def samples(self) -> dict[tuple[str, ...], float]:
        """Return the metrics by name and the values of the labels, in the order of the labels' names."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.url}/metrics")
        assert answer.status_code == 200, answer.text
        families = text_string_to_metric_families(answer.text)
        found = [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]
        return {(name, *(labels[label] for label in sorted(labels))): value for name, labels, value in found}

    async def delete_blogs(self) -> None:
        """Delete the blog that `make_blog` created, and close its readers' connections."""
        async with self.editor() as editor:
            while self.blogs:
                answer = await editor.delete(f"/api/blogs/{self.blogs.pop()}")
                assert answer.status_code in (204, 404), answer.text


async def until_received(line: ClientConnection, cursor: str) -> None:
    """Read until a message with a cursor comes, within half a minute."""
    async with asyncio.timeout(60):
        while cursor not in str(await line.recv()):
            pass


def sqlite_url(folder: Path) -> str:
    return f"sqlite:{folder / 'blogs.db'}"
