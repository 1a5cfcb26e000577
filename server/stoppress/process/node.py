"""The composition root: builds a node from its settings, runs it, and takes it down in order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from uvicorn.server import HANDLED_SIGNALS

from stoppress.live.fd_group import PHASES
from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.catalogue import Catalogue
from stoppress.newsroom.commits import Committer
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.schedule import publish_when_due
from stoppress.process.sockets import BACKLOG, descriptors
from stoppress.settings import Settings
from stoppress.store.select import store_from
from stoppress.store.timed import watched
from stoppress.sync.follower import Follower
from stoppress.tasks import end
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.lag import watch_lag
from stoppress.telemetry.tracing import tracing_from
from stoppress.telemetry.worker_metrics import WorkerMetrics, WorkerNumber
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission, Limits
from stoppress.web.admission.drain import Drain
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.compression import GzipMiddleware
from stoppress.web.connections.protocol import ConnectionFactory
from stoppress.web.connections.websocket import WebSocketEndpoint
from stoppress.web.documents import Documents
from stoppress.web.editors.api import Api
from stoppress.web.editors.auth import Keys
from stoppress.web.editors.openapi import OpenAPI
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.feeds.endpoints import Feeds
from stoppress.web.operations.health import Health
from stoppress.web.operations.metrics import Metrics
from stoppress.web.pages.blog_page import Pages
from stoppress.web.pages.error_pages import ErrorPages
from stoppress.web.pages.files import Files
from stoppress.web.pages.index import Index
from stoppress.web.pages.layout import Layout
from stoppress.web.readers.changes import Changes
from stoppress.web.readers.entries import PublishedEntries
from stoppress.web.readers.events import Events
from stoppress.web.request_log import RequestLog
from stoppress.web.site import Sites

KEEP_ALIVE_SECONDS = 65
"""How long an idle HTTP connection is kept: longer than load balancers do, or they would use closed ones."""

GRACE_SECONDS = 5
"""How long requests in flight may take at shutdown."""

SAME_SECONDS = 0.5
"""Signals within it are one: a service manager sends SIGTERM to all processes, and workers get it from theirs, too."""

SPARE_DESCRIPTORS = 32
"""Files that connections leave for the store, for templates, and for accepting and refusing more connections."""


class Node:
    """One server process.

    Args:
        settings: what it runs with.
        keys: further keys beside those of the settings, in the same form.
        place: which of several workers it is, if there are several.

    Raises:
        StartError: a setting is wrong.
    """

    def __init__(self, settings: Settings, keys: str = "", place: WorkerNumber | None = None) -> None:
        self.settings = settings
        self.keys = Keys(f"{settings.read_keys()} {keys}")
        self.counts = Counts()
        self.tracing = tracing_from()
        self.store = watched(store_from(settings.read_store(), self.tracing.traceparent), self.counts, self.tracing)
        self.follower = Follower(self.store, self._make_hub, self.counts, self.tracing)
        committer = Committer(self.store, self.follower.committed)
        self.blogs = Blogs(self.store, committer, self.follower.deleted)
        self.entries = Entries(self.store, committer)
        self.admission = Admission(_limits(settings), self.counts, time.monotonic)
        addresses = Addresses(settings.trusted_proxies)
        self.live = WebSocketEndpoint(self.follower, self.admission, addresses, self.counts)
        self.entrance = ConnectionFactory(self.live, self.counts, descriptors() - SPARE_DESCRIPTORS)
        self.held_requests = HeldRequests(self.admission, addresses, self.counts)
        self.drain = Drain(self.follower, self.held_requests, settings.drain)
        self.health = Health(self.store, self.follower, self.admission)
        self.metrics = Metrics(
            self.follower, self.counts, self.health, settings.read_metrics_token(), settings.metrics_blogs
        )
        self.worker_metrics = WorkerMetrics(place, self.metrics.own) if place else None
        if self.worker_metrics:
            self.metrics.all = self.worker_metrics.all
        self.app = RequestLog(self._make_app(), self.counts, self.tracing)

    def _make_hub(self, blog: str) -> Hub:
        loop = asyncio.get_running_loop()
        return Hub(Replica(blog, self.settings.newest), Timing(loop.call_later, loop.time), os.write, self.counts)

    def _make_app(self) -> Starlette:
        settings, follower = self.settings, self.follower
        layout = Layout(settings.templates, f"{settings.public_url} {settings.publisher} {settings.newest}")
        documents = Documents(layout.fingerprint, settings.page_max_age)
        sites = Sites(settings.public_url, settings.publisher)
        pages = Pages(follower, documents, layout, sites, settings.newest)
        feeds = Feeds(follower, documents, sites, settings.newest)
        index = Index(follower, Catalogue(self.store), layout, sites)
        changes = Changes(follower, self.held_requests, self.counts)
        events = Events(follower, self.held_requests, settings.beat, self.counts)
        entries = PublishedEntries(follower, pages, settings.newest, self.counts)
        api = Api(self.keys, self.blogs, self.entries, WriteLimit(settings.max_writes, self.counts))
        parts = (
            self.live,
            changes,
            events,
            entries,
            OpenAPI(),
            api,
            self.health,
            self.metrics,
            feeds,
            index,
            Files(layout),
            pages,
        )
        return Starlette(
            routes=[route for part in parts for route in part.routes()],
            middleware=[Middleware(GzipMiddleware)],
            exception_handlers=ErrorPages(layout).handlers(),
        )

    async def serve(
        self,
        listening: socket.socket,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
        successor: Callable[[], bool] | None = None,
        stopping: Callable[[], None] | None = None,
    ) -> None:
        """Serve on a listening socket until SIGTERM or SIGINT.

        Args:
            listening: bound and listening, see `listen`.
            beside: what to run at the same time, once the store is open.
            successor: what to do on SIGHUP, in a thread: whether another process serves on the socket from now on, so
                that this one can end. Without it SIGHUP is not handled.
            stopping: called when the end begins, unless another process goes on.

        Raises:
            StartError: the store cannot be used.
        """
        await self.store.open()
        server = _Server(self._uvicorn_config(), self, successor, stopping)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in self._background()]
                if beside is not None:
                    tasks.append(group.create_task(beside()))
                await server.serve(sockets=[listening])
                await end(tasks)
        finally:
            await self.store.close()
            self.tracing.close()

    def _uvicorn_config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            http=cast(type[asyncio.Protocol], self.entrance),
            ws="none",  # readers do not get as far as that
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self.follower.follow(),
            self.follower.compare(),
            publish_when_due(self.store, self.entries),
            self.entrance.deadlines.watch(),
            self._beat(),
            watch_lag(self._late),
            *([self.worker_metrics.serve()] if self.worker_metrics else []),
        ]

    def _late(self, seconds: float) -> None:
        self.counts.lag.add(seconds)
        self.admission.late(seconds)

    async def _beat(self) -> None:
        """To each reader once in the time between two beats, but not to all in the same moment."""
        for phase in itertools.cycle(range(PHASES)):
            await asyncio.sleep(self.settings.beat / PHASES)
            for hub in self.follower.hubs:
                hub.beat(phase)


def _limits(settings: Settings) -> Limits:
    """With as many readers as there are files to open, less a tenth for everything else."""
    readers = settings.max_readers or descriptors() - max(2 * SPARE_DESCRIPTORS, descriptors() // 10)
    return Limits(max(1, readers), settings.max_readers_per_address, settings.max_handshakes)


class _Server(uvicorn.Server):
    """uvicorn's server, which does not know the readers that were handed over."""

    def __init__(
        self,
        config: uvicorn.Config,
        node: Node,
        successor: Callable[[], bool] | None,
        stopping: Callable[[], None] | None,
    ) -> None:
        super().__init__(config)
        self._node = node
        self._successor = successor
        self._stopping = stopping
        self._handing_over: asyncio.Task[None] | None = None
        self._handed_over = False
        self._hurry = asyncio.Event()
        self._signalled = -math.inf

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, and do not die of it again afterwards: what is open has to be closed."""
        loop = asyncio.get_running_loop()
        handlers = dict.fromkeys(HANDLED_SIGNALS, self._on_signal)
        if self._successor is not None:
            handlers[signal.SIGHUP] = self._on_hangup
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        """The first one begins the end, the second sends away at once who is left, the third waits for nobody."""
        now = asyncio.get_running_loop().time()
        if now - self._signalled < SAME_SECONDS:
            return
        self._signalled = now
        self.force_exit = self._hurry.is_set()
        if self.should_exit:
            self._hurry.set()
        elif self._stopping is not None:
            self._stopping()
        self.should_exit = self._node.admission.draining = True

    def _on_hangup(self) -> None:
        if not self.should_exit and (self._handing_over is None or self._handing_over.done()):
            self._handing_over = asyncio.create_task(self._hand_over())

    async def _hand_over(self) -> None:
        assert self._successor is not None
        if await asyncio.to_thread(self._successor):
            self._handed_over = True
            self._stop_listening()  # before anybody is turned away
            self.should_exit = self._node.admission.draining = True

    def _stop_listening(self) -> None:
        for server in self.servers:
            server.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        headers = self.server_state.default_headers
        self.server_state.default_headers = [*headers, (b"connection", b"close")]  # from now on, after each answer
        if not self._handed_over:
            await self._pause(self._node.settings.lead)
        self._stop_listening()
        for listening in sockets or []:
            listening.close()
        await self._node.drain.run(self._pause)
        self._node.entrance.close()
        await super().shutdown(sockets)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
