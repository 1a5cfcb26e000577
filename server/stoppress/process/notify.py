"""Listening sockets that come from another process: from systemd, or from the server that this one takes over from.

Both hand them over as sd_listen_fds(3) has it: descriptors from 3 on, their number in LISTEN_FDS. So a new process
of the same command listens before the old one stops, and nobody who connects meanwhile is refused.

A service manager that asks is told of it as sd_notify(3) has it, in NOTIFY_SOCKET.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import MutableMapping, Sequence

from stoppress.errors import StartError
from stoppress.process.sockets import prepare

FIRST = 3
"""The first descriptor that is handed over."""

OUT_OF_THE_WAY = 64
"""Descriptors from here on are not among those that the new process gets."""

START_SECONDS = 30.0
"""How long a new process may take until it is ready."""

END_SECONDS = 10.0
"""How long it may take to end again, if a stop comes meanwhile: it has had no time to get many readers."""

NOTIFY_SECONDS = 1.0
"""How long the service manager may keep a message from being sent: nobody is served meanwhile."""

READY = "STOPPRESS_READY_FD"
"""Names the descriptor on which a new process says that it is ready."""

log = logging.getLogger("stoppress.takeover")


def inherited(environ: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """The sockets that were handed to this process; none if it was started as usual. They are asked for once.

    LISTEN_PID may be left out; with another process's number nothing is taken.

    Raises:
        StartError: they are not listening.
    """
    number, pid = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not number.isdecimal() or pid not in ("", str(os.getpid())):
        return []
    sockets = []
    for fd in range(FIRST, FIRST + int(number)):
        try:
            listening = socket.socket(fileno=fd)
            if (
                not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                or listening.type != socket.SOCK_STREAM
            ):
                raise OSError
            prepare(listening)
        except OSError:
            raise StartError(
                f"LISTEN_FDS={number}, but descriptor {fd} is no TCP socket that listens: pass one, or unset LISTEN_FDS"
            ) from None
        listening.set_inheritable(False)
        sockets.append(listening)
    return sockets


def say_ready() -> None:
    """Tell the service manager, and the process that started this one, that this one serves."""
    # First: when the old process knows, it ends, and that is not to be the end of the service.
    _notify("READY=1", f"MAINPID={os.getpid()}")
    if fd := os.environ.pop(READY, ""):
        os.write(int(fd), b"1")
        os.close(int(fd))


def say_stopping() -> None:
    """Tell the service manager that the service ends. Not for a process that has handed over: the service goes on."""
    _notify("STOPPING=1")


def _notify(*lines: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(NOTIFY_SECONDS)
            manager.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        log.warning("notify_failed", extra={"socket": path, "lines": lines, "reason": str(error)})


class Successor:
    """A new process of this process's command, which gets its sockets.

    Args:
        listening: the sockets.
    """

    def __init__(self, listening: Sequence[socket.socket]) -> None:
        self._listening = listening
        self._pid: int | None = None
        self._stopped = False

    def start(self) -> bool:
        """Returns whether it serves; if not, it is gone."""
        _notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        if self._serves():
            return True
        if not self._stopped:
            say_ready()
        return False

    def stop(self) -> None:
        """End it, as this process is to end: nobody would know of the new one. Nothing is started from now on.

        May be called from another thread, or by a signal's handler, in the middle of `start`; it waits for nothing.
        """
        self._stopped = True
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def _serves(self) -> bool:
        if self._stopped:
            return False
        ready, tell = os.pipe()
        try:
            self._pid = pid = _spawn([*(sock.fileno() for sock in self._listening), tell])
        except OSError as error:  # as while Python itself is replaced
            os.close(ready)
            log.error("takeover_failed", extra={"reason": str(error)})
            return False
        finally:
            os.close(tell)
        log.warning("takeover_begins", extra={"successor": pid})
        if self._stopped:  # perhaps before it had a process id
            self.stop()
        try:
            if select.select([ready], [], [], START_SECONDS)[0] and os.read(ready, 1) and not self._stopped:
                return True
        finally:
            os.close(ready)
        self._pid = None
        if self._stopped:
            _end(pid)
            log.warning("takeover_stopped", extra={"successor": pid})
        else:
            _kill(pid)
            log.error("takeover_failed", extra={"successor": pid})
        return False


def _end(pid: int) -> None:
    """Wait for a child that was told to end, and kill it if that takes too long."""
    deadline = time.monotonic() + END_SECONDS
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            _kill(pid)
            return
        time.sleep(0.02)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _spawn(fds: Sequence[int]) -> int:
    """The command with these descriptors from `FIRST` on; the last one is `READY`."""
    kept = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) for fd in fds]
    actions = [(os.POSIX_SPAWN_DUP2, fd, place) for place, fd in enumerate(kept, FIRST)]
    environ = {**os.environ, "LISTEN_FDS": str(len(fds) - 1), READY: str(FIRST + len(fds) - 1)}
    try:
        return os.posix_spawn(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ, file_actions=actions)
    finally:
        for fd in kept:
            os.close(fd)
