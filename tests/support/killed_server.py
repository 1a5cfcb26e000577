"""Servers that kill themselves with SIGKILL at a given line of Stoppress's own code, counted from the first publish.

A server prints its address. Counting lines finds every place between two steps of a publish, and needs no hooks in the
code itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from stoppress import settings
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.sockets import listen

ROOMS = ("/stoppress/newsroom/", "/stoppress/store/", "/stoppress/live/", "/stoppress/web/", "/stoppress/sync/")


class Countdown:
    """A trace function that counts lines from the first POST on, and kills the process at the last one."""

    def __init__(self, lines: int) -> None:
        self._left = lines
        self._begun = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not any(room in frame.f_code.co_filename for room in ROOMS):
            return None
        if frame.f_code.co_name == "create_entry":
            self._begun = True
        return self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self._begun and event == "line":
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


class AnnouncedLife(Life):
    """A life that prints its address when it is ready."""

    async def ready(self) -> None:
        sys.stdout.write(f"{self.address}\n")
        sys.stdout.flush()


async def _serve(store: str, lines: int) -> None:
    node = Node(settings.load({"store": store, "port": "0"}))
    life = AnnouncedLife(node, listen("127.0.0.1", 0))
    countdown = Countdown(lines)
    threading.settrace(countdown)
    sys.settrace(countdown)
    await life.run()


def serve(store: str, lines: int) -> None:
    asyncio.run(_serve(store, lines))
