"""Use cases for entries: write, edit, publish, pin, correct and retract them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import get_args

import msgspec
import uuid_utils
from msgspec import UNSET

from stoppress.access.identity import Identity
from stoppress.access.roles import may
from stoppress.errors import EntryNotFound
from stoppress.model import HEADER, START, Cursor, EntryStatus, Item, StoredEntry
from stoppress.newsroom.commits import Committer, Planned, Request, Written
from stoppress.newsroom.edits import Edits
from stoppress.newsroom.forms import EntryForm
from stoppress.newsroom.pins import Pins
from stoppress.store.port import Store, Write

POSITION = r"^(9|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)_[0-9a-f-]{36}$"
"""A regular expression for the two parts of `Entries.list_position`, joined by `_`."""

STATUSES: tuple[str, ...] = get_args(EntryStatus)


class Entries:
    """The use cases for entries.

    Args:
        store: keeps the blogs.
        committer: commits writes to the store.
        newest: returns when the newest entry of a blog was published; nothing if it has none.
        now: returns the time that entries get, as Unix time in seconds.
    """

    def __init__(
        self,
        store: Store,
        committer: Committer,
        newest: Callable[[str], Awaitable[str]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._committer = committer
        self.edits = Edits(newest, now)
        """Applies forms to entries."""

    async def get(self, blog: str, entry_id: str) -> tuple[StoredEntry, int]:
        """Return an entry or draft and its version. Raises `BlogNotFound` and `EntryNotFound`."""
        item = await self._find(blog, entry_id)
        return StoredEntry.of(item), item.version

    @staticmethod
    def list_position(entry: StoredEntry) -> tuple[str, str]:
        """Return the sort key of an entry in the list: publication time (unpublished entries sort last) and id."""
        return entry.published_at or "9", entry.id

    async def create(self, blog: str, form: EntryForm, request: Request, entry_id: str = "") -> Written:
        """Create an entry: publish it, or keep it as a draft or scheduled.

        With an `entry_id`, the entry gets that id; if there is one with it, nothing is written.

        Raises:
            BlogNotFound, BadInput
            Forbidden: the sender may only create drafts.
        """
        target = "published" if form.status is UNSET else form.status
        request.require("write_draft" if target == "draft" and not form.remark else "publish", blog)
        blank = StoredEntry(
            id=entry_id or str(uuid_utils.uuid7()), version=1, status="draft", created_by=request.who.id
        )
        entry = await self.edits.apply(blog, blank, form, target)

        async def plan() -> Planned | Written:
            if entry_id and (known := await self._store.item(blog, entry_id)):
                return Written(StoredEntry.of(known), known.version, await self._head(blog), replayed=True)
            pins = await self._pins(blog, blank, entry)
            return Planned(_action(blank, entry), [*pins, entry_write(entry, 0)])

        return await self._committer.commit(blog, request, plan)

    async def patch(self, blog: str, entry_id: str, form: EntryForm, request: Request) -> Written:
        """Edit, pin, or publish an entry.

        Raises:
            BlogNotFound, EntryNotFound
            BadInput: a field has a wrong value.
            PreconditionFailed: `if_match` names another version.
            Conflict: the entry is retracted, or is published and would become unpublished.
            Forbidden: the sender may only edit drafts of its own.
        """

        async def plan() -> Planned:
            item = await self._find(blog, entry_id)
            current = StoredEntry.of(item)
            target = current.status if form.status is UNSET else form.status
            is_own = target == "draft" and is_own_draft(current, request.who) and not _changes_remark(current, form)
            request.require("write_draft" if is_own else "publish", blog)
            request.check(item.version, current)
            entry = await self.edits.apply(blog, current, form, target)
            pins = await self._pins(blog, current, entry)
            return Planned(_action(current, entry), [*pins, entry_write(entry, item.version)])

        return await self._committer.commit(blog, request, plan)

    async def retract(self, blog: str, entry_id: str, note: str | None, request: Request) -> Written:
        """Retract an entry: erase its body for good and leave a tombstone. Remove a draft without a trace.

        A second retraction changes nothing and returns the tombstone.

        Raises:
            BlogNotFound, EntryNotFound
            PreconditionFailed: `if_match` names another version.
            Forbidden: the sender may only remove drafts of its own.
        """

        async def plan() -> Planned | Written:
            item = await self._find(blog, entry_id)
            current = StoredEntry.of(item)
            request.require("write_draft" if is_own_draft(current, request.who) else "retract", blog)
            if current.status == "retracted":
                return Written(current, item.version, await self._head(blog))
            request.check(item.version, current)
            if not item.seq:
                return Planned("remove_draft", [Write(entry_id, item.version, None, visible=False)])
            return Planned("retract", await self._retraction(blog, current, item.version, note))

        return await self._committer.commit(blog, request, plan)

    async def plan_retractions(self, blog: str, ids: Sequence[str], note: str | None) -> Planned | Written:
        """Return the writes that retract published entries. Those that are gone or retracted already are left out.

        Raises:
            BlogNotFound
        """
        retractions: list[Write] = []
        others: list[Write] = []
        for entry_id in ids:
            item = await self._store.item(blog, entry_id)
            current = StoredEntry.of(item) if item is not None and item.seq else None
            if item is not None and current is not None and current.status == "published":
                *pins, retraction = await self._retraction(blog, current, item.version, note)
                others += pins
                retractions.append(retraction)
        if not retractions:
            return Written(None, 0, await self._head(blog))
        return Planned("retract", [*others, *retractions], len(retractions))

    async def _retraction(self, blog: str, current: StoredEntry, version: int, note: str | None) -> list[Write]:
        gone = current.tombstone(self.edits.after(current.updated_at), note)
        return [*await self._pins(blog, current, gone), entry_write(gone, version)]

    async def come_due(self, blog: str, entry_id: str) -> None:
        """Do what an entry is due for: publish it or, if it has expired, retract it.

        A scheduled entry that has expired before its publication becomes a draft, so that nobody's words are lost.

        Raises:
            PreconditionFailed: another node or an editor was faster.
        """
        item = await self._find(blog, entry_id)
        current, request = StoredEntry.of(item), Request(if_match=frozenset({item.version}))
        has_expired = self.edits.has_expired(current)
        if current.status == "scheduled":
            form = EntryForm(status="draft") if has_expired else EntryForm(status="published", publish_at=None)
            await self.patch(blog, entry_id, form, request)
        elif current.status == "published" and has_expired:
            await self.retract(blog, entry_id, None, request)

    async def _find(self, blog: str, entry_id: str) -> Item:
        item = await self._store.item(blog, entry_id)
        if item is None or entry_id == HEADER:
            raise EntryNotFound(blog, entry_id)
        return item

    async def _head(self, blog: str) -> Cursor:
        (head,) = await self._store.heads([blog])
        return head or START

    async def _pins(self, blog: str, before: StoredEntry, after: StoredEntry) -> list[Write]:
        was = before.status == "published" and bool(before.pinned)
        is_ = after.status == "published" and bool(after.pinned)
        return [] if was == is_ else await Pins(self._store).header_writes(blog, after.id, pinned=is_)


def _action(before: StoredEntry, after: StoredEntry) -> str:
    """Return the word of the audit for a write of an entry."""
    if after.status == "published":
        return "edit" if before.status == "published" else "publish"
    return "schedule" if after.status == "scheduled" else "draft"


def may_see(who: Identity, blog: str, entry: StoredEntry) -> bool:
    """Return whether an identity may read an entry: a published one, one of its own, or any as an editor."""
    is_public = entry.status in ("published", "retracted")
    return is_public or entry.created_by == who.id or may(who, "read_drafts", blog)


def is_own_draft(entry: StoredEntry, who: Identity) -> bool:
    """Return whether an entry is a draft that this identity created."""
    return entry.status == "draft" and entry.created_by == who.id


def _changes_remark(entry: StoredEntry, form: EntryForm) -> bool:
    return form.remark is not UNSET and (form.remark or None) != entry.remark


def entry_write(entry: StoredEntry, expected: int, version: int = 0) -> Write:
    """Return the write of an entry over the version `expected`; it gets a higher version than `version`."""
    visible = entry.status in ("published", "retracted")
    erase = entry.status == "retracted"
    return Write(entry.id, expected, msgspec.json.encode(entry), visible, entry.due, erase, version)
