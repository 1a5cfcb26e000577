"""Run the `stoppress` command as in a terminal."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from types import MappingProxyType
from typing import NamedTuple
from unittest.mock import patch

from stoppress.cli import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The message of a command that failed as it should: one line, no traceback."""
        lines = [line for line in self.err.splitlines() if not line.startswith("warning: ")]
        assert "Traceback" not in self.err, self.err
        assert len(lines) == 1, self.err
        assert lines[0].startswith("stoppress: "), self.err
        return lines[0].removeprefix("stoppress: ")


def environment(environ: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the environment of the tests with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STOPPRESS_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(sys.path), **environ}


def command(*arguments: str | bytes) -> list[str | bytes]:
    return [sys.executable, "-m", "stoppress", *arguments]


def stoppress(*arguments: str | bytes, stdin: bytes = b"", environ: Mapping[str, str] = MappingProxyType({})) -> Result:
    """Run a command that ends by itself."""
    done = subprocess.run(command(*arguments), input=stdin, env=environment(environ), capture_output=True, timeout=60)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def invoke(*arguments: str | bytes, stdin: bytes = b"", environ: Mapping[str, str] = MappingProxyType({})) -> Result:
    """Run a command that ends by itself in this process: a tenth of a second instead of one."""
    out, err = io.StringIO(), io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    with (
        patch.dict(os.environ, environment(environ), clear=True),
        patch("sys.argv", ["stoppress", *map(os.fsdecode, arguments)]),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            logging.root.handlers[:] = handlers
            logging.root.setLevel(level)
    return Result(code, out.getvalue(), err.getvalue())


class Running:
    """A command that goes on until it is stopped."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        """The lines of its output that were read."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.returncode

    def terminate(self) -> None:
        self._process.terminate()

    async def line(self, *words: str) -> str:
        """Return the next line with all of these words, within half a minute."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while data := await self._process.stdout.readline():
                self.lines.append(data.decode().rstrip("\n"))
                if all(word in self.lines[-1] for word in words):
                    return self.lines[-1]
        raise AssertionError(f"it ended without a line with {words}:\n" + "\n".join(self.lines))

    async def rest(self) -> list[str]:
        """Return the remaining lines."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.read()).decode().splitlines()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it. Return its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ends by itself. Returns its exit code."""
        async with asyncio.timeout(60):
            return await self._process.wait()


@asynccontextmanager
async def running(*arguments: str, **environ: str) -> AsyncIterator[Running]:
    """Start a command; it is killed at the end if it still runs. Its errors are among its lines."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments),
        env=environment(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
