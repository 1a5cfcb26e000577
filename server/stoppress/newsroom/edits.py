"""What an edit makes of an entry: its fields, its rendered body, and its times. Nothing here writes to the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import UNSET

from stoppress.errors import BadInput, Conflict
from stoppress.media.names import check_owner
from stoppress.model import StoredEntry, later, timestamp
from stoppress.newsroom.forms import EntryForm, moment
from stoppress.newsroom.rendering import Rendered

_THREADED_RENDER_CHARACTERS = 100
"""Length of a body, in characters, above which it is rendered in a thread. The cost can grow with the square of it."""

MAX_ENTRY_BYTES = 2 * 1024 * 1024
"""Limit of what an entry's fields add up to over all writes. One request is much smaller."""

_MAX_CLOCK_SKEW = timedelta(minutes=1)
"""Maximum time by which `published_at` may be in the future, because editors' clocks differ."""

_T = TypeVar("_T")


class Edits:
    """Applies forms to entries.

    Args:
        newest: returns when the newest entry of a blog was published; nothing if it has none.
        now: returns the time that entries get, as Unix time in seconds.
    """

    def __init__(self, newest: Callable[[str], Awaitable[str]], now: Callable[[], float] = time.time) -> None:
        self._newest = newest
        self._now = now
        self._rendering = ThreadPoolExecutor(1, "rendering")  # several threads would slow down the event loop

    async def apply(self, blog: str, current: StoredEntry, form: EntryForm, target: str) -> StoredEntry:
        """Return the entry after an edit that gives it the status `target`.

        Raises:
            Conflict: the entry is retracted, or is published and would become unpublished.
            BadInput: a field has a wrong value, or the entry would be empty or too large.
        """
        if current.status == "retracted":
            raise Conflict("This entry was retracted and cannot be edited. Create a new one with POST.")
        if current.status == "published" and target != "published":
            raise Conflict(f"A published entry cannot become {target} again. To take it down, retract it with DELETE.")
        # Clocks can be set back, and those of nodes differ: times of a blog and of an entry go on nevertheless
        is_new = target == "published" != current.status
        before = await self._newest(blog) if is_new else current.updated_at
        now = self.after(before)
        entry = await self.with_body(form.fill(current, now), form)
        check_owner(blog, entry.media)
        entry.status = target  # type: ignore[assignment]
        if target != "draft":
            entry.submitted = entry.remark = None
        entry.created_by = entry.created_by if target != "published" else None
        _set_times(entry, current, form, now, self._time(_MAX_CLOCK_SKEW))
        _check_expiry(entry, current, form, self._time())
        if target != "draft" and not (entry.html or entry.title or entry.media):
            raise BadInput("The entry is empty. Send `markdown`, `html`, `title` or `media`.", "markdown")
        if (size := entry_size(entry)) > max(MAX_ENTRY_BYTES, entry_size(current)):
            limit = f"The entry would have {size} bytes, and {MAX_ENTRY_BYTES} is the limit."
            raise BadInput(f"{limit} Shorten it, or split it into several entries.")
        return entry

    async def preview(self, current: StoredEntry, form: EntryForm) -> StoredEntry:
        """Return the entry as it would be if it were published now with an edit. It may be empty.

        Raises:
            Conflict: the entry is retracted.
            BadInput: a field has a wrong value.
        """
        if current.status == "retracted":
            raise Conflict("This entry was retracted and cannot be edited. Create a new one.")
        now = self.after(current.updated_at)
        entry = await self.with_body(form.fill(current, now), form)
        published_at = moment(form.published_at, "published_at") if form.published_at else None
        entry.published_at = current.published_at or published_at or now
        entry.updated_at = now if current.status == "published" else entry.published_at
        entry.status, entry.version = "published", current.version + 1
        return entry

    def has_expired(self, entry: StoredEntry) -> bool:
        """Return whether the time at which an entry expires has come."""
        return entry.expires_at is not None and entry.expires_at <= self._time()

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Return the result of work that takes long, done in the thread that renders."""
        return await asyncio.get_running_loop().run_in_executor(self._rendering, work)

    def after(self, before: str | None) -> str:
        """Return the time now, or the time after `before` if that is later."""
        return max(self._time(), later(before)) if before else self._time()

    def _time(self, ahead: timedelta = timedelta()) -> str:
        return timestamp(datetime.fromtimestamp(self._now(), UTC) + ahead)

    async def with_body(self, entry: StoredEntry, form: EntryForm) -> StoredEntry:
        """Return the entry with the body of a form, if the form has one. Raises `BadInput` if it has two."""
        if form.markdown and form.html:
            raise BadInput("Send `markdown` or `html`, not both.", "html")
        if form.markdown is UNSET and form.html is UNSET:
            return entry
        source = form.markdown or form.html or ""
        render: Callable[[str], Rendered] = Rendered.from_html if form.html else Rendered.from_markdown
        if len(source) > _THREADED_RENDER_CHARACTERS:
            rendered = await self.in_thread(lambda: render(source))
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


def entry_size(entry: StoredEntry) -> int:
    """Return the bytes of an entry without what a publication changes."""
    return len(msgspec.json.encode((entry.markdown, entry.html, entry.text, entry.media, entry.corrections)))


def _set_times(entry: StoredEntry, current: StoredEntry, form: EntryForm, now: str, latest: str) -> None:
    _set_publish_at(entry, form)
    published_at = moment(form.published_at, "published_at") if form.published_at else None
    if current.status == "published":
        if form.published_at is not UNSET and published_at != current.published_at:
            raise BadInput("`published_at` of a published entry cannot be changed. Leave it out.", "published_at")
        as_before = msgspec.structs.replace(entry, pinned=current.pinned, expires_at=current.expires_at) == current
        entry.updated_at = current.updated_at if as_before else now
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


def _check_expiry(entry: StoredEntry, current: StoredEntry, form: EntryForm, now: str) -> None:
    """Raise `BadInput` if an entry would expire before it is published, or has expired."""
    at = entry.expires_at
    if at is None or not (form.expires_at or entry.status != current.status or form.publish_at):
        return
    if at <= now and (form.expires_at or entry.status != "draft"):
        advice = "Send a later time, or null. To take an entry down now, retract it with DELETE."
        raise BadInput(f"`expires_at` must be in the future; got {at}. {advice}", "expires_at")
    if entry.status == "scheduled" and entry.publish_at and at <= entry.publish_at:
        raise BadInput(f"`expires_at` must be after `publish_at`, {entry.publish_at}; got {at}.", "expires_at")


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
