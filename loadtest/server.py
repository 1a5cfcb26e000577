"""A `stoppress serve` process with an empty embedded store, for a load test."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import IO

from loadtest.ports import free_port

KEY = "key-of-the-load-test"
STOP_SECONDS = 60.0


class NodeProcess:
    """A node on a port of its own, which it keeps over a restart; a context manager, in whose block it serves.

    Args:
        folder: for its store.
        environ: further settings as environment variables, in addition to the store and keys.
    """

    def __init__(self, folder: Path, **environ: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STOPPRESS_")}
        self._environ = {
            **kept,
            "STOPPRESS_STORE": f"sqlite:{folder / 'blogs.db'}",
            "STOPPRESS_KEYS": f"load:editor:{KEY}",
            "STOPPRESS_LOG_LEVEL": "warning",
            "PYTHONUNBUFFERED": "1",
            **environ,
        }
        self.port = free_port()
        self.log: IO[str] | None = None
        """The file for its log, if that is not standard error."""
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the node, and return when it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stoppress", "serve", "--port", str(self.port)),
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.log,
        )
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        if f" serves {self.url}" not in line:
            sys.exit(f"the server did not start: {line}")

    async def stop(self) -> None:
        """Stop the node with SIGTERM; kill it after `STOP_SECONDS`."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def kill(self) -> None:
        """Kill the node, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def __aenter__(self) -> NodeProcess:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
