"""Looks at an entry: one for each surface of each node, repeated until the entry is there, or gone."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from typing import NamedTuple

import httpx
import msgspec

from loadtest.proofs.takedown.fetching import Fetcher
from loadtest.proofs.takedown.live import ENCODINGS, GIVE_UP_SECONDS, LOST, PAUSE_SECONDS, VIEWS, Live
from loadtest.surfaces import SurfaceRequest, surfaces_of

BLOG = "takedown"

ENTRIES = f"/api/blogs/{BLOG}/entries"

SHOWN_PAUSE_SECONDS = 0.05
"""Pause before another look for an entry that is not there yet."""

BUSY = (429, 500, 502, 503, 504)
"""The statuses of answers that say nothing about the entry."""


class NodeClient(NamedTuple):
    """A node, and clients of it with an editor's key; the base URL of `http` is its address."""

    name: str
    http: httpx.AsyncClient
    fetcher: Fetcher
    live: Live


class TriedEntry(NamedTuple):
    """A published entry. No other text has its token."""

    id: str
    token: str
    since: str
    """A cursor from before it."""
    key: str
    """The Idempotency-Key of its publication."""

    @property
    def body(self) -> bytes:
        """The body of its publication."""
        return body_of(self.token)


class SurfaceLook(NamedTuple):
    """A way to get what one surface of one node shows; None if the node is too busy to tell."""

    name: str
    subject: str
    """What it looks at: looks with the same name and subject give the same."""
    get: Callable[[], Awaitable[bytes | None]]


class Gone(NamedTuple):
    """What came of repeated looks."""

    at: float
    """When the first answer without the token was here; infinity if there was none."""
    was_there: bool
    """Whether an answer before had the token."""


def body_of(token: str) -> bytes:
    """Return an entry that shows its token wherever an entry is shown."""
    fields = {"title": f"News {token}", "markdown": f"The text of {token}, **at length**.", "key": True}
    return msgspec.json.encode(fields)


def looks_at(
    entries: Iterable[TriedEntry], nodes: Sequence[NodeClient], *, compressed: bool
) -> dict[SurfaceLook, list[str]]:
    """Return the looks at all surfaces of all nodes, with the tokens of the entries that each may show."""
    looks: dict[tuple[str, str], tuple[SurfaceLook, list[str]]] = {}
    for entry, node in product(entries, nodes):
        for look in _looks(entry, node, compressed=compressed):
            looks.setdefault(look[:2], (look, []))[1].append(entry.token)
    return dict(looks.values())


def _looks(entry: TriedEntry, node: NodeClient, *, compressed: bool) -> Iterator[SurfaceLook]:
    encoding = {"accept-encoding": "gzip" if compressed else "identity"}
    for name, (address, headers) in surfaces_of(BLOG, entry.id, entry.since).items():
        request = SurfaceRequest(address, {**headers, **encoding})
        yield SurfaceLook(f"{name} of {node.name}", address, partial(_get, node.fetcher, request))
    for surface in (*ENCODINGS, *VIEWS):
        yield SurfaceLook(f"{surface} of {node.name}", entry.since, partial(node.live.catch_up, surface, entry.since))
    yield SurfaceLook(f"repeated answer of {node.name}", entry.key, partial(_repeat, node.fetcher, entry))


async def _get(fetcher: Fetcher, request: SurfaceRequest) -> bytes | None:
    answer = await fetcher.fetch(request.address, request.headers)
    return None if answer.status in BUSY else answer.body


async def _repeat(fetcher: Fetcher, entry: TriedEntry) -> bytes | None:
    """Publish the entry again with its Idempotency-Key: that returns the first answer, or the tombstone in it."""
    headers = {"idempotency-key": entry.key, "content-type": "application/json"}
    answer = await fetcher.fetch(ENTRIES, headers, method="POST", body=entry.body)
    if answer.status in BUSY:
        return None
    if "idempotency-replayed" not in answer.headers:
        raise RuntimeError(f"an answer was not remembered: {answer.status} {answer.body[:200]!r}")
    return answer.body


async def until_shown(look: SurfaceLook, tokens: Iterable[str]) -> None:
    """Look until all tokens are there. Raises `RuntimeError` if they do not come."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while (shown := await _shown(look, tokens)) is None or not all(shown):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{look.name} does not show a published entry")
        await asyncio.sleep(SHOWN_PAUSE_SECONDS)


async def until_gone(look: SurfaceLook, tokens: Iterable[str]) -> Gone:
    """Look until all tokens are gone."""
    deadline, was_there = time.monotonic() + GIVE_UP_SECONDS, False
    while (shown := await _shown(look, tokens)) is None or any(shown):
        was_there = was_there or shown is not None
        if time.monotonic() > deadline:
            return Gone(math.inf, was_there=True)
        await asyncio.sleep(PAUSE_SECONDS)
    return Gone(time.monotonic(), was_there)


async def _shown(look: SurfaceLook, tokens: Iterable[str]) -> list[bool] | None:
    """Return which tokens a surface shows; None if that is unknown."""
    content = None
    with suppress(*LOST):
        content = await look.get()
    return None if content is None else [token.encode() in content for token in tokens]
