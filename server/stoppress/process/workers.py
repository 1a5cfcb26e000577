"""Several worker processes that share a port: a node for each core of a machine.

Each worker has its own listening socket on the same port, and the kernel spreads connections over them (SO_REUSEPORT).
The parent process owns the sockets: when a worker crashes, new connections wait at its socket for the next worker.
Workers do not know each other. They share the store, as nodes on different machines do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import click

from stoppress import __version__
from stoppress.process import runner
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.notify import notify
from stoppress.process.signals import STOP_SIGNALS
from stoppress.process.sockets import address_of
from stoppress.settings import Settings
from stoppress.telemetry.worker_metrics import WorkerId

RESTART_DELAY_SECONDS = 1.0
"""Delay before a worker is replaced, so that a worker that crashes at once does not use the whole machine."""

STOP_SECONDS = 30.0
"""Deadline for workers to stop, in addition to lead and drain. After it they are killed."""

log = logging.getLogger("stoppress.workers")


class _Stopped(Exception):
    """A signal asked the parent to stop."""


@contextlib.contextmanager
def _signals_written_to(sock: socket.socket) -> Iterator[None]:
    """Write the number of each signal to a socket, instead of ending the process. This needs no event loop."""
    sock.setblocking(False)
    signal.set_wakeup_fd(sock.fileno())
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)


class Workers:
    """The parent process of workers, with a listening socket for each. `run` lasts from its start to its end."""

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._group = f"stoppress-{os.getpid()}-{secrets.token_hex(8)}"
        self._context = multiprocessing.get_context("fork")  # workers inherit sockets and settings
        self._processes: dict[int, BaseProcess] = {}
        self._parent_gone, self._parent_here = self._context.Pipe(duplex=False)
        self._signals, self._signalled = socket.socketpair()

    def run(self) -> None:
        """Keep all workers running until a signal. Exit if a worker cannot start at the beginning."""
        with _signals_written_to(self._signalled):
            try:
                for index in range(len(self._sockets)):  # one by one, so that an error is printed once
                    if not self._start(index):
                        sys.exit(self._processes[index].exitcode or 1)
                self.ready()
                while True:
                    self._replace()
            except _Stopped:
                self.stopping()
            finally:
                self._end_workers()

    def ready(self) -> None:
        """Announce that all workers serve."""
        address = address_of(self._sockets[0])
        click.echo(f"Stoppress {__version__} serves {address} with {len(self._sockets)} workers")
        notify("READY=1")

    def stopping(self) -> None:
        """Announce that the workers stop."""
        notify("STOPPING=1")

    def _start(self, index: int) -> bool:
        """Start a worker. Return whether it is ready."""
        started, tell = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._work, args=(index, tell), name=f"worker {index + 1}")
        process.start()
        tell.close()
        self._processes[index] = process
        with started:
            self._wait(started)
            try:
                started.recv()
            except EOFError:
                process.join()
                return False
        return True

    def _replace(self) -> None:
        """Wait for a worker to end, and start another one in its slot."""
        self._wait(*(process.sentinel for process in self._processes.values()))
        for index, process in tuple(self._processes.items()):
            if not process.is_alive():
                log.error("worker_ended", extra={"worker": process.name, "status": process.exitcode})
                wait([self._signals], timeout=RESTART_DELAY_SECONDS)
                self._start(index)

    def _wait(self, *others: Connection | int) -> None:
        """Wait until one of them is ready. Raise `_Stopped` after a signal."""
        if self._signals in wait([self._signals, *others]):
            self._signals.recv(64)
            raise _Stopped

    def _end_workers(self) -> None:
        """Pass on each signal until all workers have ended. Kill those that exceed the deadline."""
        deadline = time.monotonic() + self._settings.lead + self._settings.drain + STOP_SECONDS
        self._terminate()
        while alive := [process for process in self._processes.values() if process.is_alive()]:
            ended = wait([self._signals, *(process.sentinel for process in alive)], deadline - time.monotonic())
            if self._signals in ended:
                self._signals.recv(64)
                self._terminate()
            elif not ended:
                for process in alive:
                    process.kill()

    def _terminate(self) -> None:
        for process in self._processes.values():
            process.terminate()

    def _work(self, index: int, tell: Connection) -> None:
        """Run a worker in its own process."""
        signal.set_wakeup_fd(-1)
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._parent_here.close()
        for other in self._sockets:
            if other is not self._sockets[index]:
                other.close()
        with runner.exit_on_error():
            node = Node(self._settings, worker=WorkerId(self._group, index + 1, len(self._sockets)))
            runner.run(_Worker(node, self._sockets[index], tell, self._parent_gone).run())


class _Worker(Life):
    """A life that reports to the parent process and ends when the parent has ended.

    Args:
        node: the node that serves.
        listening: the socket to serve on.
        tell: a pipe on which the parent waits for this worker to be ready.
        parent_gone: a pipe that becomes readable when the parent has ended.
    """

    def __init__(self, node: Node, listening: socket.socket, tell: Connection, parent_gone: Connection) -> None:
        super().__init__(node, listening)
        self._tell = tell
        self._parent_gone = parent_gone

    async def ready(self) -> None:
        asyncio.get_running_loop().add_reader(self._parent_gone.fileno(), self._orphaned)
        self._tell.send(True)
        self._tell.close()

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._parent_gone.fileno())
        self.stop()
