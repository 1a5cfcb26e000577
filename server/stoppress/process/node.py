"""The composition root: builds a node from its settings. `life.py` runs it."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from stoppress.access.keys import KeyRing
from stoppress.errors import StartError
from stoppress.inbox.editor import InboxEditor
from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.catalogue import Catalogue
from stoppress.newsroom.clock import StoreClock
from stoppress.newsroom.commits import Committer
from stoppress.newsroom.desk.epochs import DraftEpochs
from stoppress.newsroom.desk.retractions import Retractions
from stoppress.newsroom.desk.search import EntryLists
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.imports import Imports
from stoppress.newsroom.past import PastReader
from stoppress.process.desk import DeskParts
from stoppress.process.integrations import IntegrationParts
from stoppress.process.media import MediaParts
from stoppress.process.people import PeopleParts
from stoppress.process.sockets import descriptors
from stoppress.settings import Settings
from stoppress.store.past.port import Keep
from stoppress.store.port import Store
from stoppress.store.select import store_from
from stoppress.store.timed import TimedStore
from stoppress.sync.audit import Audit
from stoppress.sync.follower import Follower
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing
from stoppress.telemetry.worker_metrics import WorkerId
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission
from stoppress.web.admission.drain import Drain
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.compression import GzipMiddleware
from stoppress.web.connections.protocol import ConnectionFactory
from stoppress.web.connections.websocket import WebSocketEndpoint
from stoppress.web.desk.desk_pages import DeskOptions, DeskPages
from stoppress.web.documents import Documents
from stoppress.web.editors.api import Api, UseCases
from stoppress.web.editors.auth import Authentication, Checks, Keys
from stoppress.web.editors.drafts_api import DraftsApi
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.keys_api import KeysApi
from stoppress.web.editors.openapi import OpenAPI
from stoppress.web.editors.origin import Origins
from stoppress.web.editors.previews import Previews
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.feeds.endpoints import Feeds
from stoppress.web.gate.answers import PrivateAnswers
from stoppress.web.gate.credentials import ReaderOrigins
from stoppress.web.gate.gate import Gate, TokenChecks
from stoppress.web.operations.health import Health
from stoppress.web.operations.metrics import Metrics
from stoppress.web.pages.blog_page import Pages
from stoppress.web.pages.error_pages import error_handlers
from stoppress.web.pages.index import Index
from stoppress.web.pages.layout import Layout
from stoppress.web.readers.content import Content
from stoppress.web.readers.events import Events
from stoppress.web.readers.renditions import Renditions
from stoppress.web.request_log import RequestLog
from stoppress.web.security import ApiOrigins
from stoppress.web.site import Sites
from stoppress.web.turns import Turns

if TYPE_CHECKING:
    from stoppress.access.jwks import Jwks
    from stoppress.inbox.inbox import Inbox

SPARE_DESCRIPTORS = 32
"""File descriptors that connections may not use: for the store, for templates, and to accept and reject connections."""


class Node:
    """All parts of a server in one process.

    Args:
        settings: the settings of the node.
        keys: keys in addition to those of the settings, in the same form.
        worker: the worker's number, if there are several workers.

    Raises:
        StartError: a setting is wrong.
    """

    def __init__(self, settings: Settings, keys: str = "", worker: WorkerId | None = None) -> None:
        self.settings = settings
        self.keys = Keys(f"{settings.read_keys()} {keys}")
        self.counts = Counts()
        self.tracing = Tracing.from_environment()
        keep = Keep(settings.audit_days, settings.versions)
        store = store_from(settings.read_store(), self.tracing.traceparent, self.counts.count_store_error, keep)
        self.store = TimedStore(store, self.counts, self.tracing)
        check_workers(settings.workers, can_share=self.store.nodes_share_it)
        self.errors = BlogErrors(self.counts)
        self.follower = Follower(self.store, self._make_hub, self.counts, self.tracing, self.errors)
        self.audit = Audit(self.store, self.follower, self.errors)
        self.clock = StoreClock(self.store)
        self.integrations = IntegrationParts(settings, self.store, self.clock.now, self.counts)
        self.media = MediaParts(settings, self.store, self.clock.now)
        self._committer = Committer(self.store, self.integrations.told_of_commits(self.follower), self.media.cleaner)
        self.blogs = Blogs(self.store, self._committer, self.integrations.told_of_deletions(self.follower.deleted))
        self.entries = Entries(self.store, self._committer, self.follower.newest, self.clock.now)
        self.imports = Imports(self.store, self._committer, self.entries.edits, self.clock.now)
        self._limit = WriteLimit(settings.max_writes, self.counts)
        self.key_ring = KeyRing(self.store.accounts, self.clock.now)
        self.inbox = self._make_inbox(store) if settings.inbox else None
        self.addresses = Addresses(settings.trusted_proxies)
        guesses = GuessLimit(settings.max_guesses, self.store.accounts, self.addresses, self.counts)
        self.people = PeopleParts(settings, self.store, self.clock.now, guesses, self.addresses, self.counts)
        checks = Checks(self.key_ring.checks, self.people.sessions.checks, self.people.own_site)
        self.authentication = Authentication(self.keys, checks, guesses, Origins(self.addresses))
        self.admission = Admission(
            self.addresses,
            self.counts,
            time.monotonic,
            _max_readers(settings),
            settings.max_readers_per_address,
            settings.max_handshakes,
        )
        self.jwks = self._make_jwks() if settings.token_secret_file or settings.token_jwks else None
        self.gate = self._make_gate()
        layout = Layout(settings.templates, f"{settings.public_url} {settings.publisher} {settings.newest}")
        renditions = Renditions(layout.renderer)
        self.live = WebSocketEndpoint(self.gate, self.admission, renditions, self.counts)
        self.entrance = ConnectionFactory(self.live, self.counts, descriptors() - SPARE_DESCRIPTORS)
        self.held_requests = HeldRequests(self.admission, self.counts)
        self.desk = DeskParts(self.store, self.follower, self.clock.now, self.held_requests, settings.beat)
        self.drain = Drain(self.follower, self.held_requests, settings.drain)
        self.health = Health(self.store, self.follower, self.admission, self.clock)
        token = settings.read_metrics_token()
        self.metrics = Metrics(self.follower, self.counts, self.health, settings.metrics_blogs, token, worker)
        app = self._make_app(layout, renditions)
        self.routes = [route for route in app.routes if isinstance(route, Route | Mount)]
        """Every address that it answers."""
        self.app = RequestLog(PrivateAnswers(app, self.gate.origins), self.counts, self.tracing)

    def _make_hub(self, blog: str) -> Hub:
        loop = asyncio.get_running_loop()
        hub = Hub(Replica(blog, self.settings.newest), Timing(loop.call_later, loop.time), os.write, self.counts)
        hub.passes.is_private = lambda: self.gate.is_private(hub.replica.opens_at)
        return hub

    def _make_jwks(self) -> Jwks:
        from stoppress.access.jwks import Jwks  # imports joserfc, which only nodes that take tokens need
        from stoppress.access.key_set import TokenKeys

        return Jwks(TokenKeys(self.settings.read_token_secret()), self.settings.token_jwks)

    def _make_gate(self) -> Gate:
        settings, tokens = self.settings, None
        if self.jwks is not None:
            from stoppress.access.tokens import Tokens

            guesses = GuessLimit(settings.max_guesses, self.store.accounts, self.addresses, self.counts, "token")
            tokens = TokenChecks(Tokens(self.jwks.keys, self.clock.now, self.jwks.unknown_key), guesses)
        origins = ReaderOrigins(settings.reader_origins, settings.public_url)
        return Gate(self.follower, self.authentication, tokens, origins, settings.token_cookie, self.clock.now)

    def _make_inbox(self, store: Store) -> Inbox:
        from stoppress.inbox.inbox import Inbox  # imports redis, which embedded stores do not need

        name, counts = self.settings.inbox, self.counts
        editor = InboxEditor(name, self.blogs, self.entries, self._limit, counts, self.tracing)
        return Inbox(store, editor, counts)

    def _make_desk(self, catalogue: Catalogue, layout: Layout) -> DeskPages:
        options = DeskOptions(has_openid=bool(self.settings.oidc_issuer), undo_seconds=self.settings.undo_seconds)
        return DeskPages(self.authentication, self.blogs, catalogue, layout.assets, options)

    def _make_use_cases(self) -> UseCases:
        lists = EntryLists(self.store, self.follower.replica)
        retractions = Retractions(self._committer, self.entries, lists, self.store.accounts, self.clock.now)
        past = PastReader(self.store, self.entries)
        return UseCases(self.blogs, self.entries, self.imports, lists, retractions, past)

    def _make_app(self, layout: Layout, renditions: Renditions) -> Starlette:
        settings, gate = self.settings, self.gate
        turns, sites = Turns(), Sites(settings.public_url, settings.publisher)
        documents = Documents(turns, sites, layout.fingerprint, settings.page_max_age)
        pages = Pages(gate, documents, layout, settings.newest)
        feeds = Feeds(gate, documents, settings.newest)
        catalogue = Catalogue(self.store)
        index = Index(gate, catalogue, layout, sites, turns)
        content = Content(gate, self.held_requests, renditions, pages, documents, self.counts)
        events = Events(gate, self.held_requests, renditions, settings.beat, self.counts)
        api = Api(self.authentication, self._make_use_cases(), self._limit)
        previews = Previews(self.authentication, self.blogs, self.entries, layout.renderer, self._limit)
        drafts = DraftsApi(self.authentication, DraftEpochs(self.store.accounts, self.clock.now), self._limit)
        keys = KeysApi(self.authentication, self.key_ring, self._limit)
        desk = self._make_desk(catalogue, layout)
        readers = (self.live, content, events)
        editors = (api, previews, drafts, keys, desk)
        others = (OpenAPI(sites), *editors, self.health, self.metrics, feeds, index, layout.assets, pages)
        cross_origin = [Middleware(ApiOrigins, settings.api_origins)] if settings.api_origins else []
        app = Starlette(
            routes=[
                *(route for part in (*readers, *others) for route in part.routes()),
                *self.people.routes(self.authentication, self._limit),
                *self.media.routes(self.authentication, self._limit, gate),
                *self.desk.routes(self.authentication, self._limit, layout.renderer),
                *self.integrations.routes(self.authentication, self._limit, self.entries),
            ],
            middleware=[*cross_origin, Middleware(GzipMiddleware)],
            exception_handlers=error_handlers(layout),
        )
        app.router.redirect_slashes = (
            False  # Starlette makes absolute redirects of `Host`; `error_handlers` makes others
        )
        return app


def check_workers(workers: int, *, can_share: bool) -> None:
    """Raise `StartError` if there are more workers than the store allows. `can_share`: processes can share it."""
    if workers > 1 and not can_share:
        raise StartError(
            f"{workers} workers need a store that processes can share; name a Redis with --store, or use --workers 1"
        )


def _max_readers(settings: Settings) -> int:
    """Return the limit of readers. The default is the file limit less a tenth, which other files need."""
    return max(1, settings.max_readers or descriptors() - max(2 * SPARE_DESCRIPTORS, descriptors() // 10))
