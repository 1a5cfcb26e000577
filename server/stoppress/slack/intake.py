"""What a message of Slack does to a draft: it creates it, changes it, or takes it away, until an editor has it."""

from __future__ import annotations

import logging
import uuid
from typing import NamedTuple

from stoppress.access.identity import Identity
from stoppress.errors import BlogNotFound, Conflict, EntryNotFound
from stoppress.model import Person, StoredEntry
from stoppress.newsroom.commits import Origin, Request
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.forms import EntryForm
from stoppress.slack.config import SlackConfig
from stoppress.slack.events import SlackEvent, SlackMessage, SlackRequest, is_written
from stoppress.slack.mrkdwn import to_markdown
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Once, Store

_NAMESPACE = uuid.UUID("5e0ab6d3-7a52-4a3f-9a7b-6f6c1f0f5f0e")
"""Ids of drafts are made of this, the channel and the time of the message (UUID version 5)."""

_THREADED_CHARACTERS = 2_000
"""Length of a message above which a thread reads its markup."""

_GONE = "slack_gone"
"""The kind of records of messages that were deleted, because Slack may send the message after its deletion."""

_GONE_SECONDS = 24 * 3600

log = logging.getLogger("stoppress.slack")


class _Target(NamedTuple):
    """The draft that a message belongs to."""

    blog: str
    entry: str
    channel: str
    ts: str


class Intake:
    """See the module's docstring.

    Args:
        config: the channels and the names.
        store: has the drafts.
        entries: creates, changes and removes them.
    """

    def __init__(self, config: SlackConfig, store: Store, entries: Entries) -> None:
        self._config = config
        self._store = store
        self._entries = entries

    async def take(self, request: SlackRequest, now: float) -> str:
        """Do what an event asks for. Return what was done, as one word.

        Events that do not concern a draft are ignored. `now` is the store's time, as Unix time in seconds.

        Raises:
            StoreUnavailable: Slack has to send it again.
        """
        event = request.event
        blog = self._config.channels.get(event.channel) if event else None
        if event is None or event.type != "message" or blog is None:
            return "ignored"
        try:
            if event.subtype == "message_deleted":
                return await self._removed(self._target(blog, event, event.deleted_ts), now)
            if event.subtype == "message_changed":
                return await self._changed(blog, event)
            return await self._written(blog, event, event)
        except BlogNotFound:
            log.error("slack_blog_missing", extra={"channel": event.channel, "blog": blog})
            return "ignored"

    def _target(self, blog: str, event: SlackEvent, ts: str) -> _Target:
        return _Target(blog, str(uuid.uuid5(_NAMESPACE, f"{event.channel} {ts}")), event.channel, ts)

    async def _written(self, blog: str, event: SlackEvent, message: SlackMessage) -> str:
        """Create the draft of a message, unless it was created before, also if it was removed since."""
        target = self._target(blog, event, message.ts)
        form = await self._form(message)
        if not is_written(message) or not message.ts or form is None or await self._is_gone(target):
            return "ignored"
        once = Once(f"slack:{target.channel}:{target.ts}", "created")  # the same, whatever the text was by then
        sent = self._request(message.user)._replace(once=once)
        written = await self._entries.create(blog, form, sent, target.entry)
        return "repeated" if written.replayed else "created"

    async def _changed(self, blog: str, event: SlackEvent) -> str:
        message = event.message
        if message is None or not message.ts:
            return "ignored"
        if message.subtype == "tombstone":  # deleted, but its thread is still there
            return await self._removed(self._target(blog, event, message.ts), 0.0)
        target = self._target(blog, event, message.ts)
        draft = await self._draft(target)
        if draft is None:  # Slack may send the edit before the message
            return "created" if await self._written(blog, event, message) == "created" else "ignored"
        form = await self._form(message)
        if form is None or draft.markdown == form.markdown:  # a preview of a link was added, for example
            return "ignored"
        return await self._write(target, draft, EntryForm(markdown=form.markdown))

    async def _removed(self, target: _Target, now: float) -> str:
        if now:
            ends = now + _GONE_SECONDS
            name = f"{target.channel} {target.ts}"
            await self._store.accounts.write([RecordWrite(_GONE, name[:200], b"1", None, ends)])
        draft = await self._draft(target)
        return "ignored" if draft is None else await self._write(target, draft, None)

    async def _write(self, target: _Target, draft: StoredEntry, form: EntryForm | None) -> str:
        """Change a draft, or remove it without a form, unless somebody else has taken it over meanwhile."""
        sent = self._request((draft.created_by or "").removeprefix("slack:"))._replace(
            if_match=frozenset({draft.version})
        )
        try:
            if form is None:
                await self._entries.retract(target.blog, target.entry, None, sent)
                return "removed"
            await self._entries.patch(target.blog, target.entry, form, sent)
            return "changed"
        except (Conflict, EntryNotFound) as error:
            log.info("slack_too_late", extra={"blog": target.blog, "entry": target.entry, "error": str(error)})
            return "ignored"

    async def _draft(self, target: _Target) -> StoredEntry | None:
        """Return the draft of a message; None if there is none any more, or if an editor has changed it."""
        try:
            entry, version = await self._entries.get(target.blog, target.entry)
        except EntryNotFound:
            return None
        if entry.status != "draft" or not (entry.created_by or "").startswith("slack:"):
            return None
        newest = await self._store.past.versions(target.blog, target.entry, limit=1)
        who = newest[0].who if newest else None
        if who is not None and not (who.id or who.name).startswith("slack:"):
            return None
        entry.version = version
        return entry

    async def _is_gone(self, target: _Target) -> bool:
        return await self._store.accounts.get(_GONE, f"{target.channel} {target.ts}"[:200]) is not None

    async def _form(self, message: SlackMessage) -> EntryForm | None:
        """Return the draft of a message; None if it has no text, for example only a file."""
        if len(message.text) > _THREADED_CHARACTERS:
            markdown = await self._entries.edits.in_thread(lambda: to_markdown(message.text, self._name_of))
        else:
            markdown = to_markdown(message.text, self._name_of)
        if not markdown:
            return None
        name = self._config.users.get(message.user) or _own_name(message) or message.user
        return EntryForm(markdown=markdown, status="draft", submitted=True, authors=[Person(name[:500])])

    def _name_of(self, user: str) -> str:
        return self._config.users.get(user, user)

    def _request(self, user: str) -> Request:
        blogs = tuple(self._config.channels.values())
        who = Identity("key", "slack", "contributor", blogs, f"slack:{user}")
        return Request(who=who, origin=Origin("slack"))


def _own_name(message: SlackMessage) -> str:
    profile = message.user_profile
    return message.username or (profile and (profile.display_name or profile.real_name)) or ""
