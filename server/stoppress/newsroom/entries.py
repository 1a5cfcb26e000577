"""Use cases for entries: write, edit, publish, pin, correct and retract them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import uuid_utils
from msgspec import UNSET

from stoppress.access.identity import Identity
from stoppress.errors import BadInput, Conflict, EntryNotFound
from stoppress.model import HEADER, START, Cursor, EntryStatus, Item, StoredEntry, later, timestamp
from stoppress.newsroom.commits import Committer, Planned, Request, Written
from stoppress.newsroom.forms import EntryForm, moment
from stoppress.newsroom.pins import Pins
from stoppress.newsroom.rendering import Rendered
from stoppress.store.port import Store, Write

_THREADED_RENDER_CHARACTERS = 100
"""Length of a body, in characters, above which it is rendered in a thread. The cost can grow with the square of it."""

MAX_ENTRY_BYTES = 2 * 1024 * 1024
"""Limit of what an entry's fields add up to over all writes. One request is much smaller."""

_MAX_CLOCK_SKEW = timedelta(minutes=1)
"""Maximum time by which `published_at` may be in the future, because editors' clocks differ."""

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
        self._newest = newest
        self._now = now
        self._rendering = ThreadPoolExecutor(1, "rendering")  # several threads would slow down the event loop

    async def get(self, blog: str, entry_id: str) -> tuple[StoredEntry, int]:
        """Return an entry or draft and its version. Raises `BlogNotFound` and `EntryNotFound`."""
        item = await self._find(blog, entry_id)
        return StoredEntry.of(item), item.version

    async def list_all(self, blog: str, status: str | None) -> list[StoredEntry]:
        """Return all entries, or those with a status: drafts and scheduled ones, then the others, newest first.

        Raises:
            BlogNotFound: the blog does not exist.
        """
        items: list[Item] = []
        if status in (None, "draft", "scheduled"):
            items += await self._store.drafts(blog)
        if status in (None, "published", "retracted"):
            items += (item for item in (await self._store.read(blog)).items if item.id != HEADER)
        entries = [entry for entry in map(StoredEntry.of, items) if status in (None, entry.status)]
        return sorted(entries, key=self.list_position, reverse=True)

    @staticmethod
    def list_position(entry: StoredEntry) -> tuple[str, str]:
        """Return the sort key of an entry in the list: publication time (unpublished entries sort last) and id."""
        return entry.published_at or "9", entry.id

    async def create(self, blog: str, form: EntryForm, request: Request) -> Written:
        """Create an entry: publish it, or keep it as a draft or scheduled.

        Raises:
            BlogNotFound, BadInput
            Forbidden: the sender may only create drafts.
        """
        target = "published" if form.status is UNSET else form.status
        request.require("write_draft" if target == "draft" else "publish", blog)
        blank = StoredEntry(id=str(uuid_utils.uuid7()), version=1, status="draft", created_by=request.who.id)
        entry = await self._edited(blog, blank, form, target)

        async def plan() -> Planned:
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
            request.require(
                "write_draft" if target == "draft" and is_own_draft(current, request.who) else "publish", blog
            )
            request.check(item.version, current)
            entry = await self._edited(blog, current, form, target)
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
            gone = current.tombstone(self._after(current.updated_at), note)
            return Planned("retract", [*await self._pins(blog, current, gone), entry_write(gone, item.version)])

        return await self._committer.commit(blog, request, plan)

    async def publish_scheduled(self, blog: str, entry_id: str) -> None:
        """Publish a scheduled entry now. Raises `PreconditionFailed` if another node or an editor was faster."""
        item = await self._find(blog, entry_id)
        if StoredEntry.of(item).status == "scheduled":
            form = EntryForm(status="published", publish_at=None)
            await self.patch(blog, entry_id, form, Request(if_match=frozenset({item.version})))

    async def _edited(self, blog: str, current: StoredEntry, form: EntryForm, target: str) -> StoredEntry:
        """Return the entry after an edit that gives it the status `target`."""
        if current.status == "retracted":
            raise Conflict("This entry was retracted and cannot be edited. Create a new one with POST.")
        if current.status == "published" and target != "published":
            raise Conflict(f"A published entry cannot become {target} again. To take it down, retract it with DELETE.")
        # Clocks can be set back, and those of nodes differ: times of a blog and of an entry go on nevertheless
        is_new = target == "published" != current.status
        before = await self._newest(blog) if is_new else current.updated_at
        now = self._after(before)
        entry = await self.with_body(form.fill(current, now), form)
        entry.status = target  # type: ignore[assignment]
        entry.submitted = entry.submitted if target == "draft" else None
        entry.created_by = entry.created_by if target != "published" else None
        _set_times(entry, current, form, now, self._time(_MAX_CLOCK_SKEW))
        if target != "draft" and not (entry.html or entry.title or entry.media):
            raise BadInput("The entry is empty. Send `markdown`, `html`, `title` or `media`.", "markdown")
        if (size := entry_size(entry)) > max(MAX_ENTRY_BYTES, entry_size(current)):
            limit = f"The entry would have {size} bytes, and {MAX_ENTRY_BYTES} is the limit."
            raise BadInput(f"{limit} Shorten it, or split it into several entries.")
        return entry

    def _time(self, ahead: timedelta = timedelta()) -> str:
        return timestamp(datetime.fromtimestamp(self._now(), UTC) + ahead)

    def _after(self, before: str | None) -> str:
        """Return the time now, or the time after `before` if that is later."""
        return max(self._time(), later(before)) if before else self._time()

    async def with_body(self, entry: StoredEntry, form: EntryForm) -> StoredEntry:
        """Return the entry with the body of a form, if the form has one. Raises `BadInput` if it has two."""
        if form.markdown and form.html:
            raise BadInput("Send `markdown` or `html`, not both.", "html")
        if form.markdown is UNSET and form.html is UNSET:
            return entry
        source = form.markdown or form.html or ""
        render: Callable[[str], Rendered] = Rendered.from_html if form.html else Rendered.from_markdown
        if len(source) > _THREADED_RENDER_CHARACTERS:
            rendered = await asyncio.get_running_loop().run_in_executor(self._rendering, render, source)
        else:
            rendered = render(source)
        known = {one.url for one in entry.media}
        return msgspec.structs.replace(
            entry,
            markdown=form.markdown or None,
            html=rendered.html or None,
            text=rendered.text or None,
            media=[*entry.media, *(one for one in rendered.media if one.url not in known)],
            warnings=rendered.warnings,
        )

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


def is_own_draft(entry: StoredEntry, who: Identity) -> bool:
    """Return whether an entry is a draft that this identity created."""
    return entry.status == "draft" and entry.created_by == who.id


def entry_size(entry: StoredEntry) -> int:
    """Return the bytes of an entry without what a publication changes."""
    return len(msgspec.json.encode((entry.markdown, entry.html, entry.text, entry.media, entry.corrections)))


def _set_times(entry: StoredEntry, current: StoredEntry, form: EntryForm, now: str, latest: str) -> None:
    _set_publish_at(entry, form)
    published_at = moment(form.published_at, "published_at") if form.published_at else None
    if current.status == "published":
        if form.published_at is not UNSET and published_at != current.published_at:
            raise BadInput("`published_at` of a published entry cannot be changed. Leave it out.", "published_at")
        only_pinned = msgspec.structs.replace(entry, pinned=current.pinned) == current
        entry.updated_at = current.updated_at if only_pinned else now
        return
    if form.published_at is None:
        entry.published_at = None
    if published_at is not None:
        if published_at > latest:
            raise BadInput(
                "`published_at` is in the future. To publish later, send `status` scheduled and `publish_at`.",
                "published_at",
            )
        entry.published_at = published_at
    if entry.status == "published":
        entry.published_at = entry.updated_at = entry.published_at or now


def _set_publish_at(entry: StoredEntry, form: EntryForm) -> None:
    if form.publish_at is not UNSET:
        entry.publish_at = moment(form.publish_at, "publish_at") if form.publish_at else None
    if entry.status == "published":
        if form.publish_at:
            raise BadInput(
                "A published entry has no `publish_at`. Leave it out, or send `status` scheduled.", "publish_at"
            )
        entry.publish_at = None
    elif entry.status == "scheduled" and entry.publish_at is None:
        raise BadInput("A scheduled entry needs `publish_at`, the time at which to publish it.", "publish_at")


def entry_write(entry: StoredEntry, expected: int, version: int = 0) -> Write:
    """Return the write of an entry over the version `expected`; it gets a higher version than `version`."""
    due = None
    if entry.status == "scheduled" and entry.publish_at:
        due = datetime.fromisoformat(entry.publish_at).timestamp()
    visible = entry.status in ("published", "retracted")
    erase = entry.status == "retracted"
    return Write(entry.id, expected, msgspec.json.encode(entry), visible, due, erase, version)
