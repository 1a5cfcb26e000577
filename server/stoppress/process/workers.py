"""Several processes that share a port: a node for each core of a machine.

Each has a listening socket of its own on the same port, and the kernel spreads connections over them (SO_REUSEPORT).
The sockets belong to the process that starts the workers: when one crashes, those who connect wait at its socket for
the next one. Workers know nothing of each other; they share the store, as nodes on different machines do.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import click

from stoppress import __version__
from stoppress.process import runner, signals
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.notify import notify
from stoppress.process.sockets import address_of
from stoppress.settings import Settings
from stoppress.telemetry.worker_metrics import WorkerId

RESTART_DELAY_SECONDS = 1.0
"""Seconds before a worker that ended is replaced: what crashes at once should not take the whole machine."""

STOP_SECONDS = 30.0
"""How long workers may take to stop, in addition to lead and drain, before they are killed."""

log = logging.getLogger("stoppress.workers")


class Stopped(Exception):
    """A signal asks to stop."""


class Workers:
    """The parent of workers. `run` is all of its life, which has the moments of theirs.

    Args:
        settings: what each of them runs with.
        sockets: one that listens for each of them.
    """

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._group = f"stoppress-{os.getpid()}-{secrets.token_hex(8)}"
        self._context = multiprocessing.get_context("fork")  # sockets and settings are there already
        self._processes: dict[int, BaseProcess] = {}
        self._parent_gone, self._parent_here = self._context.Pipe(duplex=False)
        self._signals, self._signalled = socket.socketpair()

    def run(self) -> None:
        """Keep all workers running until a signal. One that cannot start at the beginning ends all."""
        with signals.written_to(self._signalled):
            try:
                for index in range(len(self._sockets)):  # the first one alone: what is wrong is then said once
                    if not self._start(index):
                        sys.exit(self._processes[index].exitcode or 1)
                self.ready()
                while True:
                    self._replace()
            except Stopped:
                self.stopping()
            finally:
                self._end_workers()

    def ready(self) -> None:
        """Tell others that all workers serve."""
        address = address_of(self._sockets[0])
        click.echo(f"Stoppress {__version__} serves {address} by {len(self._sockets)} workers")
        notify("READY=1")

    def stopping(self) -> None:
        """Tell others that the end begins."""
        notify("STOPPING=1")

    def _start(self, index: int) -> bool:
        """Start a worker. Returns whether it got ready."""
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
        """Wait for workers that end, and start others in their places."""
        self._wait(*(process.sentinel for process in self._processes.values()))
        for index, process in tuple(self._processes.items()):
            if not process.is_alive():
                log.error("worker_ended", extra={"worker": process.name, "status": process.exitcode})
                wait([self._signals], timeout=RESTART_DELAY_SECONDS)
                self._start(index)

    def _wait(self, *others: Connection | int) -> None:
        """Wait until one of them can be read. Raises `Stopped`."""
        if self._signals in wait([self._signals, *others]):
            self._signals.recv(64)
            raise Stopped

    def _end_workers(self) -> None:
        """Pass the signal on, and each further one, until all workers have ended; kill those that take too long."""
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
        """Live a worker's life, in its own process."""
        signals.forget()
        self._parent_here.close()
        for other in self._sockets:
            if other is not self._sockets[index]:
                other.close()
        with runner.exit_on_error():
            node = Node(self._settings, worker=WorkerId(self._group, index + 1, len(self._sockets)))
            runner.run(Worker(node, self._sockets[index], tell, self._parent_gone).run())


class Worker(Life):
    """A life that the parent process follows, and that ends when the parent is gone.

    Args:
        node: what serves.
        listening: the socket to serve on.
        tell: where the parent waits until it is ready.
        parent_gone: can be read when the parent is gone.
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
