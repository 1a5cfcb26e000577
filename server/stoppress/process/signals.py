"""Handle SIGTERM and SIGINT in an event loop, and ignore SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Iterator

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

SAME_SECONDS = 0.5
"""Signals within this time count once: a worker gets SIGTERM from the service manager and from its parent."""


@contextlib.contextmanager
def caught(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in the event loop for each signal, instead of ending the process."""
    loop = asyncio.get_running_loop()
    last = -math.inf

    def handle() -> None:
        nonlocal last
        if loop.time() - last >= SAME_SECONDS:
            last = loop.time()
            stop()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def ignore_hangup() -> None:
    """Ignore SIGHUP, unless the process runs in a terminal. Then closing the terminal ends the server."""
    if sys.stdin is None or not sys.stdin.isatty():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
