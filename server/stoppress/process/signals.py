"""SIGTERM and SIGINT, for a process with an event loop and for one without, and SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

SAME_SECONDS = 0.5
"""Signals within it are one: a service manager sends SIGTERM to all processes, and workers also get their parent's."""


@contextlib.contextmanager
def caught(stop: Callable[[], None]) -> Iterator[None]:
    """Call a function of the event loop's thread for each signal, and do not die of it."""
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


@contextlib.contextmanager
def written_to(sock: socket.socket) -> Iterator[None]:
    """Write each signal's number to a socket, and do not die of it: for a process that waits without an event loop."""
    sock.setblocking(False)
    signal.set_wakeup_fd(sock.fileno())
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)


def forget() -> None:
    """Undo `written_to` in a process that was forked meanwhile: a signal ends it until it has handlers of its own."""
    signal.set_wakeup_fd(-1)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def ignore_hangup() -> None:
    """Ignore SIGHUP, except from a terminal: a server that was started in one ends when the terminal is closed."""
    if sys.stdin is None or not sys.stdin.isatty():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
