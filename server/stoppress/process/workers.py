"""Several processes that share a port: a node for each core of a machine.

Each has a listening socket of its own on the same port, and the kernel spreads connections over them (SO_REUSEPORT).
The sockets belong to the process that starts the workers: when one crashes, those who connect wait at its socket for
the next one. Workers know nothing of each other; they share the store, as nodes on different machines do.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

RESTART_DELAY_SECONDS = 1.0
"""Seconds before a worker that ended is replaced: what crashes at once should not take the whole machine."""

Serve = Callable[[socket.socket, Callable[[], None], int], None]
"""Serves on a listening socket until SIGTERM, in a process of its own. The second is to be called when it is ready; the
third is a file descriptor that can be read when the process that started it is gone."""

log = logging.getLogger("stoppress.workers")


class Stopped(Exception):
    """A signal asks to stop."""


class Workers:
    """See the module's docstring.

    Args:
        listening: one socket for each worker.
        serve: what each does.
        stop_seconds: how long workers may take to stop before they are killed.
    """

    def __init__(self, listening: Sequence[socket.socket], serve: Serve, stop_seconds: float) -> None:
        self._stop_seconds = stop_seconds
        self._listening = listening
        self._serve = serve
        self._context = multiprocessing.get_context("fork")  # sockets and settings are there already
        self._processes: dict[int, BaseProcess] = {}
        self._successor: Callable[[], bool] | None = None
        self._stopping: Callable[[], None] = lambda: None
        self._give_up: Callable[[], None] = lambda: None
        self._leaving = False
        self._parent_gone, self._parent_here = self._context.Pipe(duplex=False)
        self._signals, self._on_signal = socket.socketpair()

    def run(
        self,
        announce: Callable[[], None],
        successor: Callable[[], bool] | None = None,
        stopping: Callable[[], None] = lambda: None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        """Until SIGTERM or SIGINT, or until others have taken over on SIGHUP.

        Args:
            announce: called when all are ready; a worker that is not ends it all.
            successor: what to do on SIGHUP: whether other processes serve on the sockets from now on. Then workers
                leave. Without it SIGHUP is not handled.
            stopping: called when the end begins, unless others go on.
            give_up: called by the handler of the signal to stop, even in the middle of `successor`, which then has to
                return soon.
        """
        self._successor = successor
        self._stopping = stopping
        self._give_up = give_up
        with self._signals_as_events(), contextlib.suppress(Stopped):
            try:
                for index in range(len(self._listening)):  # the first one alone: what is wrong is then said once
                    if not self._start(index):
                        sys.exit(self._processes[index].exitcode or 1)
                announce()
                while True:
                    self._replace()
            finally:
                self._stop()

    @contextlib.contextmanager
    def _signals_as_events(self) -> Iterator[None]:
        self._on_signal.setblocking(False)
        signal.set_wakeup_fd(self._on_signal.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        if self._successor:
            signal.signal(signal.SIGHUP, lambda *_: None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)

    def _on_stop(self, *_: object) -> None:
        if not self._leaving:  # else others serve already
            self._give_up()

    def _wait(self, *others: Connection | int) -> None:
        """Until one of them can be read, or others are to take over. Raises `Stopped`."""
        if self._signals not in wait([self._signals, *others]):
            return
        if set(self._signals.recv(64)) != {signal.SIGHUP}:
            if not self._leaving:
                self._stopping()
            raise Stopped
        if self._successor is not None and not self._leaving and self._successor():
            self._leave()

    def _leave(self) -> None:
        """All workers at once: whoever came back to one that is still to leave would be sent away again.

        Raises `Stopped`.
        """
        self._leaving = True
        for process in self._processes.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGHUP)
        while alive := [process.sentinel for process in self._processes.values() if process.is_alive()]:
            self._wait(*alive)
        raise Stopped

    def _start(self, index: int) -> bool:
        """Start a worker; returns whether it got ready."""
        ready, tell = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._work, args=(index, tell), name=f"worker {index + 1}")
        process.start()
        tell.close()
        self._processes[index] = process
        with ready:
            self._wait(ready)
            try:
                ready.recv()
            except EOFError:
                process.join()
                return False
        return True

    def _replace(self) -> None:
        """Wait for workers that end, and start others in their places."""
        self._wait(*(process.sentinel for process in self._processes.values()))
        for index, process in tuple(self._processes.items()):
            if not process.is_alive():
                log.error("worker_ended", extra={"worker": process.name, "status": process.exitcode})
                wait([self._signals], timeout=RESTART_DELAY_SECONDS)
                self._start(index)

    def _stop(self) -> None:
        """Pass the signal on, and a further one, too; kill who takes too long."""
        deadline = time.monotonic() + self._stop_seconds
        self._terminate()
        while alive := [process for process in self._processes.values() if process.is_alive()]:
            ended = wait([self._signals, *(process.sentinel for process in alive)], deadline - time.monotonic())
            if self._signals in ended:
                self._signals.recv(64)
                self._terminate()
            elif not ended:
                for process in alive:
                    process.kill()
        for process in self._processes.values():
            process.join()

    def _terminate(self) -> None:
        for process in self._processes.values():
            process.terminate()

    def _work(self, index: int, tell: Connection) -> None:
        """What a worker's process does."""
        signal.set_wakeup_fd(-1)
        self._parent_here.close()
        for other in self._listening:
            if other is not self._listening[index]:
                other.close()

        def ready() -> None:
            tell.send(True)
            tell.close()

        self._serve(self._listening[index], ready, self._parent_gone.fileno())
