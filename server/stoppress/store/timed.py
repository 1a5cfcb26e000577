"""A store that measures another one: how long each operation takes, how often it fails, and a span for each commit."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from stoppress.errors import StoreUnavailable
from stoppress.model import START, Cursor, Item, Segment
from stoppress.store.accounts.port import Accounts
from stoppress.store.accounts.timed import OPERATIONS, TimedAccounts
from stoppress.store.past.port import Act, Past, Version
from stoppress.store.port import NO_DUES, Hint, Once, Store, Write
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

_OPERATIONS = (
    "ping commit recall forget read item drafts blogs names headers heads due time delete was_deleted restore verify "
    "rebuild renew removed ask_for announce follow unfollow acts versions"
).split()


class TimedStore:
    """A `Store` that asks another one. Opening, closing and hints are not measured: they are not operations.

    Args:
        store: does the work.
        counts: gets durations and failures.
        tracing: gets the spans.
    """

    def __init__(self, store: Store, counts: Counts, tracing: Tracing) -> None:
        self.nodes_share_it = store.nodes_share_it
        self.accounts: Accounts = TimedAccounts(store.accounts, self.timed)
        self.past: Past = _TimedPast(self, store.past)
        self._store = store
        self._counts = counts
        self._tracing = tracing
        for operation in (*_OPERATIONS, *OPERATIONS.values()):
            counts.store_errors[operation] += 0  # Prometheus does not see the step from nothing to 1

    async def open(self) -> None:
        await self._store.open()

    async def close(self) -> None:
        await self._store.close()

    async def ping(self) -> None:
        with self.timed("ping"):
            await self._store.ping()

    async def commit(
        self, blog: str, writes: Sequence[Write], once: Once | None = None, act: Act | None = None, *more: Act
    ) -> Segment:
        with self.timed("commit"), self._tracing.span("stoppress.commit", blog=blog):
            return await self._store.commit(blog, writes, once, act, *more)

    async def recall(self, blog: str, once: Once) -> Segment | None:
        with self.timed("recall"):
            return await self._store.recall(blog, once)

    async def forget(self, blog: str, once: Once) -> None:
        with self.timed("forget"):
            await self._store.forget(blog, once)

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        with self.timed("read"):
            return await self._store.read(blog, after)

    async def item(self, blog: str, item_id: str) -> Item | None:
        with self.timed("item"):
            return await self._store.item(blog, item_id)

    async def drafts(self, blog: str) -> list[Item]:
        with self.timed("drafts"):
            return await self._store.drafts(blog)

    async def blogs(self) -> list[str]:
        with self.timed("blogs"):
            return await self._store.blogs()

    async def names(self) -> list[str]:
        with self.timed("names"):
            return await self._store.names()

    async def headers(self, blogs: Sequence[str]) -> list[Item | None]:
        with self.timed("headers"):
            return await self._store.headers(blogs)

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        with self.timed("heads"):
            return await self._store.heads(blogs)

    async def due(self, now: float) -> list[tuple[str, str]]:
        with self.timed("due"):
            return await self._store.due(now)

    async def time(self) -> float:
        with self.timed("time"):
            return await self._store.time()

    async def delete(self, blog: str, act: Act | None = None) -> None:
        with self.timed("delete"):
            await self._store.delete(blog, act)

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        with self.timed("was_deleted"):
            return await self._store.was_deleted(blog, epoch)

    async def restore(
        self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        with self.timed("restore"):
            return await self._store.restore(blog, head, lost, retracted, dues)

    async def removed(self, blog: str) -> list[str]:
        with self.timed("removed"):
            return await self._store.removed(blog)

    async def verify(self, blog: str) -> None:
        with self.timed("verify"):
            await self._store.verify(blog)

    async def rebuild(
        self, blog: str, whole: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        with self.timed("rebuild"):
            return await self._store.rebuild(blog, whole, retracted, dues)

    async def renew(self, blog: str) -> bool:
        with self.timed("renew"):
            return await self._store.renew(blog)

    async def ask_for(self, blog: str) -> None:
        with self.timed("ask_for"):
            await self._store.ask_for(blog)

    async def announce(self, blog: str, node: str) -> None:
        with self.timed("announce"):
            await self._store.announce(blog, node)

    async def follow(self, blog: str) -> None:
        with self.timed("follow"):
            await self._store.follow(blog)

    async def unfollow(self, blog: str) -> None:
        with self.timed("unfollow"):
            await self._store.unfollow(blog)

    def hints(self) -> AsyncIterator[Hint]:
        return self._store.hints()

    @contextmanager
    def timed(self, operation: str) -> Iterator[None]:
        """Measure one operation."""
        began = time.monotonic()
        try:
            yield
        except (StoreUnavailable, TimeoutError):
            self._counts.count_store_error(operation)
            raise
        finally:
            self._counts.store[operation].add(time.monotonic() - began)


class _TimedPast:
    def __init__(self, timed: TimedStore, past: Past) -> None:
        self._timed = timed.timed
        self._past = past

    async def acts(
        self, blog: str | None, *, after: str | None = None, before: str | None = None, limit: int
    ) -> list[Act]:
        with self._timed("acts"):
            return await self._past.acts(blog, after=after, before=before, limit=limit)

    async def versions(self, blog: str, entry: str, *, before: int | None = None, limit: int) -> list[Version]:
        with self._timed("versions"):
            return await self._past.versions(blog, entry, before=before, limit=limit)
