"""What a webhook is told: the message about an item, made of its state at the moment of sending."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from stoppress.live.items import PublicItem
from stoppress.model import HEADER, Cursor, Entry, Item, StoredEntry, timestamp
from stoppress.store.past.port import Past
from stoppress.webhooks.hook import EventKind, StoredWebhook
from stoppress.webhooks.progress import Progress
from stoppress.webhooks.signing import message_id


class HookMessage(NamedTuple):
    """A message before it is signed."""

    id: str
    kind: EventKind
    blog: str
    item: str
    body: bytes


class Messages:
    """Makes messages. `past` says whether readers saw an entry before."""

    def __init__(self, past: Past) -> None:
        self._past = past

    async def of(self, hook: StoredWebhook, blog: str, item: Item, cursor: Cursor, progress: Progress) -> HookMessage:
        """Return the message about an item whose newest change is at a cursor. Raises `BlogDamaged`."""
        kind = await self._kind(blog, item, progress)
        return self.make(hook, blog, item, cursor, kind)

    @staticmethod
    def make(hook: StoredWebhook, blog: str, item: Item, cursor: Cursor, kind: EventKind) -> HookMessage:
        """Return the message of a kind about an item."""
        name = "header" if item.id == HEADER else "entry"
        data = {"blog": blog, "cursor": str(cursor), name: PublicItem(item).content}
        return _message(hook, kind, blog, item.id, str(cursor), data)

    @staticmethod
    def deleted(hook: StoredWebhook, blog: str, cursor: Cursor) -> HookMessage:
        """Return the message that a blog was deleted."""
        return _message(hook, "blog.deleted", blog, HEADER, str(cursor), {"blog": blog})

    async def _kind(self, blog: str, item: Item, progress: Progress) -> EventKind:
        if item.id == HEADER:
            return "blog.changed" if progress.knows_header else "blog.created"
        entry = Entry.of(item)
        if entry.status == "retracted":
            return "entry.retracted"
        is_new = (entry.published_at or "") > progress.newest or await self._is_first(blog, item)
        return "entry.published" if is_new else "entry.changed"

    async def _is_first(self, blog: str, item: Item) -> bool:
        """Return whether this is the first version of an entry that readers see."""
        if item.version == 1:
            return True
        earlier = await self._past.versions(blog, item.id, before=item.version, limit=1)
        body = earlier[0].body if earlier else None
        return body is not None and StoredEntry.of(Item(item.id, 0, 1, body)).status != "published"


def _message(
    hook: StoredWebhook, kind: EventKind, blog: str, item: str, cursor: str, data: dict[str, object]
) -> HookMessage:
    ending = kind if kind == "blog.deleted" else ""  # the deletion follows on the change that the cursor names
    body = msgspec.json.encode({"type": kind, "timestamp": timestamp(), "data": data})
    return HookMessage(message_id(hook.id, blog, item, cursor, ending), kind, blog, item, body)
