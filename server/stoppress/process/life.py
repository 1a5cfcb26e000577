"""The life of a process that serves, in order: start, ready, stopping, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import click

from stoppress import __version__
from stoppress.live.fd_group import PHASES
from stoppress.newsroom.schedule import publish_when_due
from stoppress.process import signals
from stoppress.process.node import Node
from stoppress.process.notify import notify
from stoppress.process.server import Server
from stoppress.process.sockets import address_of
from stoppress.tasks import end

_LAG_INTERVAL_SECONDS = 0.25

_FIRST_RESTART_SECONDS, _MAX_RESTART_SECONDS = 0.5, 60.0
"""Pauses before work that failed is started again."""

log = logging.getLogger("stoppress.life")


class Life:
    """The life of one process. `run` lasts from its start to its end.

    It calls `ready`, `stopping` and `stopped` at these moments. Subclasses extend them, for example to notify a parent.

    Args:
        node: the node that serves.
        listening: the socket to serve on, see `listen`.
    """

    def __init__(self, node: Node, listening: socket.socket) -> None:
        self.node = node
        self.address = address_of(listening)
        self._server = Server(node, listening)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal.

        Raises:
            StartError: the store cannot be used.
        """
        await self.node.store.open()
        await self.node.clock.measure()
        try:
            with signals.caught(self.stop):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(_endure(name, work)) for name, work in _background(self.node).items()]
                    await self._server.start()
                    tasks.append(group.create_task(self._server.main_loop()))
                    tasks.append(group.create_task(self.ready()))
                    await self._stop.wait()
                    await self.stopping()
                    await end(tasks)
        finally:
            await self.stopped()

    async def ready(self) -> None:
        """Announce that the process serves. This may run for as long as the process serves."""

    def stop(self) -> None:
        """Start to stop. The second call closes all readers' connections at once. The third waits for nothing."""
        if not self._stop.is_set():
            self._stop.set()
        elif not self._hurry.is_set():
            self._hurry.set()
        else:
            self._server.force_exit = True

    async def stopping(self) -> None:
        """Reject new readers, wait for load balancers to notice, disconnect readers, and finish requests in flight."""
        self.node.admission.draining = True
        self._server.close_after_answers()
        await self._pause(self.node.settings.lead)
        self._server.stop_listening()
        await self.node.drain.run(self._pause)
        self.node.entrance.close()
        await self._server.shutdown()

    async def stopped(self) -> None:
        """Close everything that may still be open, also after an error."""
        self._server.stop_listening()
        await self.node.key_ring.checks.close()
        await self.node.people.close()
        await self.node.store.close()
        self.node.tracing.close()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()


class Service(Life):
    """A life that reports to a terminal and to a service manager."""

    async def ready(self) -> None:
        click.echo(f"Stoppress {__version__} serves {self.address}")
        notify("READY=1")

    async def stopping(self) -> None:
        notify("STOPPING=1")
        await super().stopping()


def _background(node: Node) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
    """Return the work of a node while it serves: functions that run until they are cancelled, by their names."""
    work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "follow": node.follower.follow,
        "compare": node.follower.compare,
        "audit": node.audit.run,
        "schedule": partial(publish_when_due, node.store, node.entries, node.clock.now, node.errors),
        "clock": node.clock.watch,
        "deadlines": node.entrance.deadlines.watch,
        "beat": partial(_beat, node),
        "lag": partial(_watch_lag, node),
        "passes": node.gate.watch,
        "desks": node.desk.company.run,
        "webhooks": node.integrations.dispatcher.run,
    }
    if node.jwks:
        work["token_keys"] = node.jwks.watch
    if node.media.cleaner:
        work["media"] = node.media.cleaner.run
    if node.inbox:
        work["inbox"] = node.inbox.run
    if node.metrics.exchange:
        work["exchange"] = node.metrics.exchange.serve
    return work


async def _endure(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start work again after any error, with longer and longer pauses, because an error would end the whole process."""
    pause = _FIRST_RESTART_SECONDS
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("work_failed", extra={"work": name, "again_in_seconds": pause})
        await asyncio.sleep(pause)
        pause = min(2 * pause, _MAX_RESTART_SECONDS)


async def _watch_lag(node: Node) -> None:
    """Measure the lag of the event loop, by which everything that a node does is delayed."""
    while True:
        due = time.monotonic() + _LAG_INTERVAL_SECONDS
        await asyncio.sleep(_LAG_INTERVAL_SECONDS)
        lag = max(0.0, time.monotonic() - due)
        node.counts.lag.add(lag)
        node.admission.late(lag)


async def _beat(node: Node) -> None:
    """Send each reader one beat per interval, spread over the interval."""
    for phase in itertools.cycle(range(PHASES)):
        await asyncio.sleep(node.settings.beat / PHASES)
        for hub in node.follower.hubs:
            try:
                hub.beat(phase)
            except Exception as error:  # whatever it is, it stays with its blog
                node.errors.report(hub.replica.blog, "beat", error)
