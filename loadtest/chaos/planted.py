"""Bugs that somebody might make. Each is put into the nodes of some runs, to prove that the checker sees it.

A bug replaces a method in the process of a node. The server itself has no hooks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from stoppress.errors import StoreUnavailable
from stoppress.live.hub import Hub
from stoppress.live.items import PublicItem
from stoppress.live.replica import Fit, Part, Replica
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.newsroom.commits import Request
from stoppress.store.redis.hints import Hints
from stoppress.store.redis.store import RedisStore
from stoppress.sync.follower import Follower
from stoppress.sync.repair import Repair
from stoppress.web.editors import writes
from stoppress.web.operations.health import Health


class PlantedBug(NamedTuple):
    """A bug, the fault under which it shows, and the promises of which the checker has to find at least one broken."""

    put: Callable[[], None]
    fault: str
    promises: tuple[str, ...]
    is_long: bool = False
    """True if the bug shows only while a fault lasts longer than ten seconds."""


def plant(name: str) -> None:
    """Put a bug into this process."""
    BUGS[name].put()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a member by what `make` returns for it. A member that is not there is an error."""
    setattr(owner, name, make(getattr(owner, name)))


def _tags_ignored() -> None:
    _replace(Replica, "knows", lambda _: lambda self, cursor: cursor.seq <= self.cursor.seq)


def _publish_before_write() -> None:
    early = 'redis.call("PUBLISH", channel, (redis.call("LINDEX", history, -1) or "0") .. " " .. packed)\n'
    before = "local earlier = request and earlier_answer()"

    def make(read_text: Any) -> Any:
        def with_early_message(self: Path, *args: Any, **options: Any) -> str:
            text: str = read_text(self, *args, **options)
            if self.name == "commit.lua" and before not in text:
                raise LookupError(f"{self} has no line {before!r}, before which to publish")
            return text.replace(before, early + before)

        return with_early_message

    _replace(Path, "read_text", make)


def _applied_not_called() -> None:
    _replace(Follower, "committed", lambda _: lambda self, blog, change, arrived_at: None)


def _drafts_forgotten() -> None:
    async def drafts(self: RedisStore, blog: str) -> list[Item]:
        return []

    _replace(RedisStore, "drafts", lambda _: drafts)


def _duplicate_on_catch_up() -> None:
    def newer(self: Any, since: Cursor) -> list[PublicItem]:
        return [item for item in self._items.values() if item.seq >= since.seq]

    _replace(Replica, "_newer_than", lambda _: newer)


def _gap_on_catch_up() -> None:
    def make(newer: Any) -> Any:
        return lambda self, since: newer(self, since)[1:] if len(newer(self, since)) > 1 else newer(self, since)

    _replace(Replica, "_newer_than", make)


def _keep_retracted(self: Replica, item: PublicItem) -> None:
    former = self.__dict__.setdefault("former", {})
    before = self._items.get(item.id)
    if item.is_retracted and before is not None and not before.is_retracted:
        former[item.id] = before


def _with_retracted(name: str) -> None:
    """Let a method of replicas return the former bodies of retracted entries."""

    def remember(put: Any) -> Any:
        def put_and_keep(self: Replica, item: PublicItem) -> None:
            _keep_retracted(self, item)
            put(self, item)

        return put_and_keep

    def make(method: Any) -> Any:
        def with_former(self: Replica, *args: Any, **options: Any) -> Any:
            entries, more = method(self, *args, **options)
            return [self.__dict__.get("former", {}).get(entry.id, entry) for entry in entries], more

        return with_former

    _replace(Replica, "_put", remember)
    _replace(Replica, name, make)


def _retracted_in_entries() -> None:
    _with_retracted("page")


def _retracted_in_feeds() -> None:
    _with_retracted("changed_before")


def _retracted_in_answers() -> None:
    def make(commit: Any) -> Any:
        async def without_erasing(self: RedisStore, blog: str, planned: Any, *more: Any) -> Segment:
            segment: Segment = await commit(self, blog, [write._replace(erase=False) for write in planned], *more)
            return segment

        return without_erasing

    _replace(RedisStore, "commit", make)


def _key_ignored() -> None:
    _replace(writes, "_once", lambda _: lambda request, body: None)


def _acked_write_lost() -> None:
    def make(commit: Any) -> Any:
        async def answer_anyway(self: RedisStore, blog: str, planned: Any, *more: Any) -> Segment:
            try:
                segment: Segment = await commit(self, blog, planned, *more)
            except StoreUnavailable:
                items = tuple(Item(write.id, 1, write.expected + 1, write.body or b"") for write in planned)
                return Segment(START, tuple(Cursor.new_tag() for _ in planned), items)
            return segment

        return answer_anyway

    _replace(RedisStore, "commit", make)


def _order_of_arrival() -> None:
    def apply(self: Any, change: Segment) -> Fit:
        if change.tags and not self.knows(change.cursor):
            self._extend(Segment(self.cursor, change.tags, change.items))
            return Fit.NEWS
        return Fit.KNOWN

    _replace(Replica, "apply", lambda _: apply)


def _reset_keeps_entries() -> None:
    def make(sync: Any) -> Any:
        def sync_as_increment(self: Replica, since: Cursor | None, limit: int) -> Part:
            part: Part = sync(self, since, limit)
            return part._replace(since=since) if since is not None else part

        return sync_as_increment

    _replace(Replica, "sync", make)


def _if_match_ignored() -> None:
    _replace(Request, "check", lambda _: lambda self, version, current: None)


def _delete_leaves_feed() -> None:
    former: dict[str, dict[str, PublicItem]] = {}

    def remember(put: Any) -> Any:
        def put_and_keep(self: Replica, item: PublicItem) -> None:
            put(self, item)
            if item.id != HEADER:
                former.setdefault(self.blog, {})[item.id] = item

        return put_and_keep

    def make(changed: Any) -> Any:
        def with_former(self: Replica, seq: int | None, limit: int) -> Any:
            entries, more = changed(self, seq, limit)
            there = {entry.id for entry in entries}
            return [*entries, *(item for key, item in former[self.blog].items() if key not in there)], more

        return with_former

    _replace(Replica, "_put", remember)
    _replace(Replica, "changed_before", make)


def _old_connection_kept() -> None:
    async def send_probes(self: Any) -> None:
        probes = self._server.probes
        while True:
            with suppress(StoreUnavailable):
                await probes.answer(probes.client.publish(self._probe, b""))
            await asyncio.sleep(1)

    _replace(Hints, "_send_probes", lambda _: send_probes)


def _health_always_green() -> None:
    async def problem(self: Health) -> None:
        return None

    _replace(Health, "problem", lambda _: problem)


def _due_too_early() -> None:
    _replace(RedisStore, "due", lambda due: lambda self, now: due(self, now + 3_600))


def _never_repairs() -> None:
    def make(bring: Any) -> Any:
        async def bring_only_at_first(self: Repair, hub: Hub, **options: Any) -> None:
            if hub.replica.cursor == START:
                await bring(self, hub, **options)

        return bring_only_at_first

    _replace(Repair, "bring_to_head", make)


BUGS: dict[str, PlantedBug] = {
    "tags-ignored": PlantedBug(_tags_ignored, "older-copy", ("P1", "P2", "P3", "P4")),
    "publish-before-write": PlantedBug(_publish_before_write, "one-key-twice", ("P1", "P2", "P3", "P4", "P7")),
    "applied-not-called": PlantedBug(_applied_not_called, "sqlite-client-leaves", ("P3", "P4", "P5", "P7")),
    "drafts-forgotten": PlantedBug(_drafts_forgotten, "link-delay", ("P4",)),
    "duplicate-on-catch-up": PlantedBug(_duplicate_on_catch_up, "reader-cut", ("P2",)),
    "gap-on-catch-up": PlantedBug(_gap_on_catch_up, "reader-half-open", ("P1", "P2")),
    "retracted-in-entries": PlantedBug(_retracted_in_entries, "link-delay", ("P5",)),
    "retracted-in-feeds": PlantedBug(_retracted_in_feeds, "link-delay", ("P5",)),
    "retracted-in-answers": PlantedBug(_retracted_in_answers, "link-delay", ("P5",)),
    "key-ignored": PlantedBug(_key_ignored, "one-key-twice", ("P4",)),
    "acked-write-lost": PlantedBug(_acked_write_lost, "redis-full", ("P4",)),
    "order-of-arrival": PlantedBug(_order_of_arrival, "link-stall-down", ("P1", "P2", "P7")),
    "reset-keeps-entries": PlantedBug(_reset_keeps_entries, "older-copy", ("P1", "P2", "P7")),
    "if-match-ignored": PlantedBug(_if_match_ignored, "one-version-twice", ("P4",)),
    "delete-leaves-feed": PlantedBug(_delete_leaves_feed, "deleted-while-asleep", ("P4",)),
    "old-connection-kept": PlantedBug(_old_connection_kept, "split-brain", ("P3", "P4")),
    "health-always-green": PlantedBug(_health_always_green, "link-refused", ("P8",), is_long=True),
    "due-too-early": PlantedBug(_due_too_early, "redis-clock", ("error",)),
    "never-repairs": PlantedBug(_never_repairs, "link-cut", ("P3",)),
}
"""All bugs by name."""
