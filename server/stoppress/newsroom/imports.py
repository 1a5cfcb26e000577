"""The use case of an import: put an entry as it was elsewhere, with its id, its times and its version.

An import only ever creates. So it can be repeated, and it brings back nothing that an editor has changed or retracted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stoppress.errors import BadInput, Conflict
from stoppress.media.names import check_owner
from stoppress.model import START, Item, Paragraph, StoredEntry, timestamp
from stoppress.newsroom.commits import Committer, Planned, Request, Written
from stoppress.newsroom.edits import MAX_ENTRY_BYTES, Edits, entry_size
from stoppress.newsroom.entries import entry_write
from stoppress.newsroom.forms import EntryForm, moment
from stoppress.newsroom.pins import Pins
from stoppress.store.port import Store

ENTRY_ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$(?!\n)"

_MAX_CLOCK_SKEW = timedelta(minutes=1)
"""Maximum time by which a time of an imported entry may be in the future, because clocks differ."""

_TOMBSTONE_FIELDS = frozenset({"id", "seq", "version", "status", "published_at", "retracted_at", "note"})

_Moment = Annotated[datetime, Meta(tz=True)]
_Line = Annotated[str, Meta(min_length=1, max_length=500)]


class ImportForm(EntryForm, kw_only=True, forbid_unknown_fields=True):
    """An entry as GET answers it, in the body of PUT. `seq` and `text` have no effect: the server makes them."""

    id: Annotated[str, Meta(pattern=ENTRY_ID)] | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    text: str | UnsetType | None = UNSET
    version: Annotated[int, Meta(ge=1, le=1_000_000_000)] | UnsetType = UNSET
    status: Literal["draft", "scheduled", "published", "retracted"] | UnsetType = UNSET  # type: ignore[assignment]
    updated_at: _Moment | UnsetType | None = UNSET
    retracted_at: _Moment | UnsetType | None = UNSET
    note: Paragraph | UnsetType | None = UNSET
    """The reason for a retraction, which readers see."""
    created_by: _Line | UnsetType | None = UNSET
    warnings: Annotated[list[_Line], Meta(max_length=50)] | UnsetType = UNSET
    """Those of the server that rendered the body first; they stay if this server finds nothing to warn of."""


class Imports:
    """The use case of an import.

    Args:
        store: keeps the blogs.
        committer: commits writes to the store.
        edits: renders bodies.
        now: returns the time, as Unix time in seconds.
    """

    def __init__(self, store: Store, committer: Committer, edits: Edits, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._committer = committer
        self._edits = edits
        self._now = now

    async def put(self, blog: str, entry_id: str, form: ImportForm, request: Request) -> Written:
        """Create an entry, draft or tombstone as it was elsewhere. If it is there with this content, change nothing.

        A result with `replayed` is that of an earlier import.

        Raises:
            BlogNotFound
            BadInput: a field has a wrong value.
            PreconditionFailed: `if_match` or `if_none_match` does not allow the write.
            Conflict: the entry is there with another content.
            Forbidden: the sender may not import entries.
        """
        request.require("import_entries", blog)
        if not re.fullmatch(ENTRY_ID, entry_id):
            raise BadInput(f"The id of an entry must be a UUID in lower case; got {entry_id[:64]!r}.", "entry")

        async def plan() -> Planned | Written:
            item = await self._store.item(blog, entry_id)
            request.check(item.version if item else 0, StoredEntry.of(item) if item else None)
            entry = await self._entry(entry_id, form)
            check_owner(blog, entry.media)
            if item is not None:
                return await self._known(blog, item, entry, form)
            is_pinned = entry.status == "published" and bool(entry.pinned)
            pins = await Pins(self._store).header_writes(blog, entry_id, pinned=True) if is_pinned else []
            return Planned("import", [*pins, entry_write(entry, 0, entry.version - 1)])

        return await self._committer.commit(blog, request, plan)

    async def _known(self, blog: str, item: Item, entry: StoredEntry, form: ImportForm) -> Written:
        """Return the entry that is there, if an import of `entry` would make the same. Raises `Conflict`."""
        current = StoredEntry.of(item)
        if not form.published_at and entry.status == "published":  # then they are those of the first import
            entry.published_at, entry.updated_at = current.published_at, current.updated_at
        if _content(current) != _content(entry):
            raise Conflict(
                f"Entry {item.id!r} exists and is not as in the import, so nothing was written. "
                "An import changes nothing that is there. To change the entry, send PATCH."
            )
        (head,) = await self._store.heads([blog])
        return Written(current, item.version, head or START, replayed=True)

    async def _entry(self, entry_id: str, form: ImportForm) -> StoredEntry:
        """Return the entry that a form describes. Raises `BadInput`."""
        if form.id is not UNSET and form.id != entry_id:
            raise BadInput(f"`id` must be the id in the address, {entry_id}; got {form.id}. Or leave it out.", "id")
        status = "published" if form.status is UNSET else form.status
        blank = StoredEntry(id=entry_id, version=form.version or 1, status=status)
        if status == "retracted":
            return self._tombstone(blank, form)
        if form.retracted_at or form.note:
            field = "retracted_at" if form.retracted_at else "note"
            raise BadInput(f"Only an entry with `status` retracted has `{field}`. Leave it out.", field)
        body = msgspec.structs.replace(form, html=UNSET) if form.markdown else form
        entry = await self._edits.with_body(form.fill(blank, timestamp(self._time())), body)
        entry.status = status
        entry.warnings = entry.warnings or list(form.warnings or ())
        entry.created_by = (form.created_by or None) if status != "published" else None
        if status != "draft":
            entry.submitted = entry.remark = None
        self._set_times(entry, form)
        if status != "draft" and not (entry.html or entry.title or entry.media):
            raise BadInput("The entry is empty. Send `markdown`, `html`, `title` or `media`.", "markdown")
        if (size := entry_size(entry)) > MAX_ENTRY_BYTES:
            raise BadInput(f"The entry has {size} bytes, and {MAX_ENTRY_BYTES} is the limit. Split it.")
        return entry

    def _tombstone(self, blank: StoredEntry, form: ImportForm) -> StoredEntry:
        for name in form.__struct_fields__:
            if name not in _TOMBSTONE_FIELDS and getattr(form, name) not in (UNSET, None, "", [], False):
                raise BadInput(f"A retracted entry keeps nothing but its times and `note`. Leave `{name}` out.", name)
        blank.published_at = self._past(form.published_at, "published_at")
        blank.retracted_at = self._past(form.retracted_at, "retracted_at") or timestamp(self._time())
        if blank.published_at is None:
            raise BadInput(
                "A retracted entry needs `published_at`, the time at which it was published.", "published_at"
            )
        blank.note = form.note or None
        return blank

    def _set_times(self, entry: StoredEntry, form: ImportForm) -> None:
        entry.published_at = self._past(form.published_at, "published_at")
        updated_at = self._past(form.updated_at, "updated_at")
        entry.publish_at = moment(form.publish_at, "publish_at") if form.publish_at else None
        if entry.status != "published":
            if entry.status == "scheduled" and entry.publish_at is None:
                raise BadInput("A scheduled entry needs `publish_at`, the time at which to publish it.", "publish_at")
            entry.updated_at = updated_at
            return
        if entry.expires_at and entry.expires_at <= timestamp(self._time()):
            raise BadInput("The entry has expired. Leave it out, or import it as retracted.", "expires_at")
        entry.publish_at = None
        entry.published_at = entry.published_at or timestamp(self._time())
        entry.updated_at = max(updated_at or "", entry.published_at)

    def _past(self, at: Any, field: str) -> str | None:
        """Return a time of the form as text. Raises `BadInput` if it is in the future."""
        if not at:
            return None
        text = moment(at, field)
        if text > timestamp(self._time(_MAX_CLOCK_SKEW)):
            raise BadInput(f"`{field}` must not be in the future; got {text}.", field)
        return text

    def _time(self, ahead: timedelta = timedelta()) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC) + ahead


def _content(entry: StoredEntry) -> StoredEntry:
    """Return an entry without what this server makes by itself."""
    return msgspec.structs.replace(entry, seq=0, version=0, warnings=[], text=None)
