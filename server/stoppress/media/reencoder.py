"""Runs the worker process: one image at a time, a few that wait, and an end for each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import IO

import msgspec

from stoppress.errors import ImageRejected, TooManyUploads
from stoppress.media.limits import MAX_WAITING, WORKER_SECONDS
from stoppress.media.made import MadeImage, WorkerAnswer
from stoppress.media.uploads import Upload, anonymous_file

_COMMAND = (sys.executable, "-I", "-m", "stoppress.media.worker")

_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PATH")
"""The process gets no other variables: some of the server's are secrets."""

_FAILED = "The image needs more time or memory than the server gives it. Make it smaller, or save it as a JPEG."

log = logging.getLogger("stoppress.media")


class Reencoder:
    """Re-encodes one image at a time, each in a process of its own.

    Args:
        seconds: time after which a process is killed.
    """

    def __init__(self, seconds: float = WORKER_SECONDS) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def make(self, upload: Upload) -> MadeImage:
        """Return the files of an image.

        Raises:
            ImageRejected: see `picture.make`; or the process came to one of its limits.
            TooManyUploads: too many images wait.
        """
        if self._waiting > MAX_WAITING:
            raise TooManyUploads()
        self._waiting += 1
        try:
            async with self._turn:
                with anonymous_file("made") as output:
                    code = await self._run(upload.file, output)
                    answer = await asyncio.to_thread(_read, output) if code == 0 else None
        finally:
            self._waiting -= 1
        if answer is None or not (answer.made or answer.rejected):
            log.warning("image_worker_failed", extra={"code": code, "bytes": upload.size})
            raise ImageRejected(_FAILED)
        if answer.made is None:
            raise ImageRejected(answer.rejected)
        return answer.made

    async def _run(self, image: IO[bytes], output: IO[bytes]) -> int:
        """Run the process to its end. Return its exit code; a negative one is a signal."""
        image.seek(0)
        environ = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=image, stdout=output, stderr=asyncio.subprocess.DEVNULL, env=environ
        )
        try:
            async with asyncio.timeout(self._seconds):
                return await process.wait()
        except TimeoutError:
            return -1
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _read(output: IO[bytes]) -> WorkerAnswer | None:
    output.seek(0)
    try:
        return msgspec.msgpack.decode(output.read(), type=WorkerAnswer)
    except msgspec.MsgspecError:
        return None
