"""Start processes by forking one that has imported Stoppress, in a tenth of the time that a new interpreter takes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from typing import Any

from stoppress.cli import main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "loadtest.preloaded"])
_PATH = os.environ.get("PYTHONPATH")


def also_preload(*modules: str) -> None:
    """Import further modules in the process that is forked. Call it before the first process starts."""
    _CONTEXT.set_forkserver_preload([*modules, __name__, "loadtest.preloaded"])


class _Inherited(int):
    """A file descriptor that a new process gets."""

    def __reduce__(self) -> tuple[Any, ...]:
        copy = DupFd(self)
        return type(copy).detach, (copy,)


class WarmProcess:
    """A process that calls a function in an environment.

    Args:
        work: a function that can be pickled.
        environ: its environment variables.
        descriptors: how many files it may open at the most, if that is not left to the machine.
        errors: the file descriptor for its standard error.
    """

    def __init__(
        self, work: Callable[[], None], environ: dict[str, str], descriptors: int | None = None, errors: int = 2
    ) -> None:
        reading, writing = os.pipe()
        fds = (_Inherited(writing), _Inherited(errors))
        # A run that fails leaves daemons behind, which end with it
        self._process = _CONTEXT.Process(target=_run, args=(work, environ, descriptors, *fds), daemon=True)
        self._process.start()
        os.close(writing)
        self._out = os.fdopen(reading)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.exitcode

    async def line(self) -> str:
        """Return the next line of its output, and nothing at the end."""
        return (await asyncio.to_thread(self._out.readline)).rstrip("\n")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it. Return its exit code."""
        if self.code is None:
            os.kill(self.pid, how)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it has ended. Return its exit code."""
        # Not in a thread: each start of another process also looks for processes that have ended
        async with asyncio.timeout(60):
            while self.code is None:  # noqa: ASYNC110, another process
                await asyncio.sleep(0.01)
        self._out.close()
        return self.code


def _run(work: Callable[[], None], environ: dict[str, str], descriptors: int | None, *fds: int) -> None:
    multiprocessing.current_process().daemon = False  # it may have workers
    for own, fd in enumerate(fds, 1):
        os.dup2(fd, own)
        os.close(fd)
    os.environ.clear()
    os.environ.update(environ)
    if descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    work()


def command(*arguments: str) -> None:
    """Run a `stoppress` command in this process."""
    if os.environ.get("PYTHONPATH") != _PATH:  # then it is another Stoppress
        os.execv(sys.executable, [sys.executable, "-m", "stoppress", *arguments])  # noqa: S606
    sys.argv = ["stoppress", *arguments]
    main()
