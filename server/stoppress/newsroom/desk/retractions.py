"""Retractions of several entries at once: those of one source, or those that an editor has chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from stoppress.errors import BadInput, KeyReused, VersionConflict
from stoppress.model import Cursor, Line, Paragraph, StoredEntry
from stoppress.newsroom.commits import Committer, Planned, Request, Written
from stoppress.newsroom.desk.search import EntryFilter, EntryLists
from stoppress.newsroom.entries import Entries
from stoppress.store.accounts.port import Accounts, RecordWrite
from stoppress.store.port import REMEMBER_SECONDS

MAX_RETRACTIONS = 1_000
"""Maximum entries of one request."""

COMMIT_ENTRIES = 50
"""Maximum entries of one commit. A store does nothing else during a commit."""

_KIND = "retractions"


class RetractionsForm(Struct, forbid_unknown_fields=True):
    """The entries to retract: those of a source, or these; in the body of POST."""

    source: Line | None = None
    entries: Annotated[list[Annotated[str, Meta(max_length=36)]], Meta(min_length=1, max_length=1_000)] | None = None
    note: Paragraph | None = None
    """The reason, which readers see."""


class RetractedEntries(NamedTuple):
    """The result of a request."""

    entries: list[StoredEntry]
    """The tombstones, newest entry first."""
    pending: list[str]
    """The ids of drafts and scheduled entries of the source, which stay."""
    has_more: bool
    """Whether the source has more published entries than one request retracts."""
    cursor: Cursor
    replayed: bool


class _Chosen(Struct):
    """The entries of a request with an Idempotency-Key, so that the same request retracts no others."""

    fingerprint: str
    ids: list[str]
    has_more: bool


class Retractions:
    """The use case.

    Args:
        committer: commits writes to the store.
        entries: plan the retractions.
        lists: find the entries of a source.
        accounts: remember what a request with an Idempotency-Key has chosen.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(
        self,
        committer: Committer,
        entries: Entries,
        lists: EntryLists,
        accounts: Accounts,
        now: Callable[[], float],
    ) -> None:
        self._committer = committer
        self._entries = entries
        self._lists = lists
        self._accounts = accounts
        self._now = now

    async def retract(self, blog: str, form: RetractionsForm, request: Request) -> RetractedEntries:
        """Retract all entries that a form names, in commits of at most `COMMIT_ENTRIES`.

        If it is interrupted, the same request with its Idempotency-Key goes on with the same entries.

        Raises:
            BlogNotFound, EntryNotFound
            BadInput: the form names no entries, or drafts.
            KeyReused: the Idempotency-Key belongs to another request.
        """
        request.require("retract", blog)
        chosen, replayed = await self._choose(blog, form, request)
        for begin in range(0, len(chosen.ids), COMMIT_ENTRIES):
            await self._commit(blog, chosen.ids[begin : begin + COMMIT_ENTRIES], form.note, request)
        pending = []
        if form.source is not None:
            pending = [draft.id for draft in await self._lists.drafts(blog, EntryFilter(source=form.source))]
        replica = await self._lists.replica(blog)
        items = [item for item in map(replica.entry, chosen.ids) if item is not None]
        entries = [StoredEntry.of(item.stored) for item in items]
        return RetractedEntries(entries, pending, chosen.has_more, replica.cursor, replayed)

    async def _choose(self, blog: str, form: RetractionsForm, request: Request) -> tuple[_Chosen, bool]:
        """Return the entries of a request, and whether it was sent before."""
        if (form.source is None) == (form.entries is None):
            raise BadInput("Send `source`, the name of a source, or `entries`, a list of ids.", "entries")
        if request.once is None:
            return await self._find(blog, form, ""), False
        record_id = hashlib.sha256(f"{blog}\0{request.once.key}".encode()).hexdigest()
        record = await self._accounts.get(_KIND, record_id)
        if record is None:
            chosen = await self._find(blog, form, request.once.fingerprint)
            ends = self._now() + REMEMBER_SECONDS
            try:
                await self._accounts.write([RecordWrite(_KIND, record_id, msgspec.json.encode(chosen), 0, ends)])
            except VersionConflict:  # the same request, sent twice at once
                return await self._choose(blog, form, request)
            return chosen, False
        chosen = msgspec.json.decode(record.body, type=_Chosen)
        if chosen.fingerprint != request.once.fingerprint:
            raise KeyReused()
        return chosen, True

    async def _find(self, blog: str, form: RetractionsForm, fingerprint: str) -> _Chosen:
        if form.entries is not None:
            return _Chosen(fingerprint, await self._existing(blog, form.entries), False)
        ids: list[str] = []
        async for item in self._lists.published(blog, EntryFilter(source=form.source or "", status="published")):
            if len(ids) == MAX_RETRACTIONS:
                return _Chosen(fingerprint, ids, True)
            ids.append(item.id)
        return _Chosen(fingerprint, ids, False)

    async def _existing(self, blog: str, ids: Sequence[str]) -> list[str]:
        """Return the ids, each once, newest entry first. Raises `EntryNotFound`, or `BadInput` for drafts."""
        replica = await self._lists.replica(blog)
        positions = []
        for entry_id in dict.fromkeys(ids):
            item = replica.entry(entry_id)
            if item is None:
                draft, _ = await self._entries.get(blog, entry_id)
                advice = "Only published entries can be retracted together. Remove drafts one by one with DELETE."
                raise BadInput(f"Entry {entry_id} is {draft.status}. {advice}", "entries")
            positions.append(item.position)
        return [position.id for position in sorted(positions, reverse=True)]

    async def _commit(self, blog: str, ids: Sequence[str], note: str | None, request: Request) -> None:
        async def plan() -> Planned | Written:
            return await self._entries.plan_retractions(blog, ids, note)

        await self._committer.commit(blog, request._replace(once=None), plan)
