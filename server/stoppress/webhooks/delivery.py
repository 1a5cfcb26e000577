"""The delivery of the events of one blog to one webhook, in the order of its changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from stoppress import __version__
from stoppress.access.fetch import FetchFailed, LimitedClient
from stoppress.errors import BlogNotFound, VersionConflict
from stoppress.model import HEADER, START, Cursor, Item, Segment, StoredEntry
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Store
from stoppress.telemetry.counts import Counts
from stoppress.webhooks.hook import DeadEvent, StoredWebhook
from stoppress.webhooks.messages import HookMessage, Messages
from stoppress.webhooks.progress import LEASE_SECONDS, PROGRESS, Progress, is_given_up
from stoppress.webhooks.signing import signed_headers
from stoppress.webhooks.webhooks import Webhooks

_HELD_SECONDS = 1.0
"""Seconds after which to look again at a blog that another node sends."""

log = logging.getLogger("stoppress.webhooks")


class DeliveryResult(NamedTuple):
    """What came of one attempt."""

    is_delivered: bool
    reason: str = ""
    status: int | None = None


class EventDeliveries:
    """Sends events.

    Args:
        store: has the blogs.
        hooks: the webhooks, which also list what was given up.
        messages: makes the messages.
        client: sends.
        now: returns the store's time, as Unix time in seconds.
        counts: counts the attempts.
    """

    def __init__(
        self,
        store: Store,
        hooks: Webhooks,
        messages: Messages,
        client: LimitedClient,
        now: Callable[[], float],
        counts: Counts,
    ) -> None:
        self.store = store
        self.hooks = hooks
        self.messages = messages
        self._client = client
        self.now = now
        self.counts = counts

    async def run(self, hook: StoredWebhook, blog: str, node: str, is_wanted: Callable[[], bool]) -> float | None:
        """Send all events of a blog that wait. Return the seconds until the next attempt, None if nothing waits.

        Args:
            hook: the webhook.
            blog: the blog.
            node: the name of this node, for the lease.
            is_wanted: returns whether the webhook is still there.

        Raises:
            StoreUnavailable
        """
        try:
            held = await self._take(hook, blog, node)
            if isinstance(held, float):
                return held
            return await _Delivery(self, hook, blog, held, is_wanted).run()
        except VersionConflict:  # another node has taken over
            return _HELD_SECONDS

    async def _take(self, hook: StoredWebhook, blog: str, node: str) -> _Held | float:
        """Return the progress with a lease of this node, or the seconds until it may be tried again."""
        record = await self.store.accounts.get(PROGRESS, f"{hook.id}/{blog}")
        progress = (Progress.read(record.body) if record else None) or Progress()
        now = self.now()
        if progress.until > now and progress.holder != node:
            return min(progress.until - now, _HELD_SECONDS)
        if progress.again_at > now:
            return progress.again_at - now
        held = _Held(self.store, f"{hook.id}/{blog}", progress, record.version if record else 0)
        await held.write(progress.held(node, now + LEASE_SECONDS))
        return held

    async def send(self, hook: StoredWebhook, message: HookMessage) -> DeliveryResult:
        """Send a message once."""
        headers = signed_headers(hook.secret, message.id, int(time.time()), message.body)
        headers |= {"content-type": "application/json", "user-agent": f"Stoppress/{__version__}"}
        try:
            status = await self._client.post(hook.url, message.body, headers)
        except FetchFailed as error:
            outcome = DeliveryResult(False, str(error))
        else:
            redirect = "; redirects are not followed" if 300 <= status < 400 else ""
            is_delivered = 200 <= status < 300
            outcome = DeliveryResult(is_delivered, "" if is_delivered else f"it answered {status}{redirect}", status)
        self.counts.webhooks["delivered" if outcome.is_delivered else "failed"] += 1
        log.info(
            "webhook_sent",
            extra={
                "webhook": hook.name,
                "blog": message.blog,
                "event": message.kind,
                "message_id": message.id,
                "delivered": outcome.is_delivered,
                "reason": outcome.reason,
            },
        )
        return outcome

    async def send_again(self, hook: StoredWebhook, event: DeadEvent) -> DeliveryResult:
        """Send an event that was given up, made of the state now, and take it off the list if that works."""
        message: HookMessage | None = None
        try:
            if event.kind == "blog.deleted":
                message = Messages.deleted(hook, event.blog, START)
            elif item := await self.store.item(event.blog, event.item):
                (head,) = await self.store.heads([event.blog])
                message = _message_again(hook, event, item, head or START)
        except BlogNotFound:
            pass
        if message is None:
            await self.hooks.forget(hook, event.id)
            return DeliveryResult(False, "what it was about is not there any more")
        outcome = await self.send(hook, message._replace(id=event.id))
        if outcome.is_delivered:
            await self.hooks.forget(hook, event.id)
        return outcome


class _Held:
    """The progress of a webhook in a blog, while this node has the lease."""

    def __init__(self, store: Store, record_id: str, progress: Progress, version: int) -> None:
        self._store = store
        self._id = record_id
        self.progress = progress
        self._version = version

    async def write(self, progress: Progress | None, *others: RecordWrite) -> None:
        """Write the progress, or remove it, together with other records. Raises `VersionConflict`."""
        if progress is None:
            write = RecordWrite(PROGRESS, self._id, None, self._version)
        else:
            write = RecordWrite(PROGRESS, self._id, msgspec.json.encode(progress), self._version)
        self._version, *_ = await self._store.accounts.write([write, *others])
        self.progress = progress or Progress()


class _Delivery:
    """One run through the events of a blog."""

    def __init__(
        self, deliveries: EventDeliveries, hook: StoredWebhook, blog: str, held: _Held, is_wanted: Callable[[], bool]
    ) -> None:
        self._deliveries = deliveries
        self._store = deliveries.store
        self._now = deliveries.now
        self._hook = hook
        self._blog = blog
        self._held = held
        self._is_wanted = is_wanted

    async def run(self) -> float | None:
        while self._is_wanted():
            try:
                segment = await self._store.read(self._blog, self._held.progress.cursor)
            except BlogNotFound:
                return await self._tell_deletion()
            if not segment.items:
                break
            again = await self._tell_all(segment)
            if again is not None:
                return again
        await self._held.write(self._held.progress.held("", 0.0))
        return None

    async def _tell_all(self, segment: Segment) -> float | None:
        """Send the events of a segment. Return the seconds until the next attempt, if one failed."""
        if segment.after != self._held.progress.cursor:  # another history: the blog was made anew
            self._held.progress = msgspec.structs.replace(
                self._held.progress, seq=0, tag="", knows_header=False, newest=""
            )
        for item in segment.items:
            cursor = Cursor(item.seq, segment.tags[item.seq - segment.after.seq - 1])
            current = await self._store.item(self._blog, item.id)
            if current is None or current.seq != item.seq:  # it has changed since, and comes later
                continue
            progress = self._held.progress
            message = await self._deliveries.messages.of(self._hook, self._blog, current, cursor, progress)
            again = await self._tell(message, _told(progress, current).at(cursor))
            if again is not None:
                return again
        await self._held.write(self._renewed(self._held.progress.at(segment.cursor)))
        return None

    async def _tell(self, message: HookMessage, after: Progress) -> float | None:
        """Send an event, and move on to `after` if it is delivered or given up. Else return when to try again."""
        if message.kind not in self._hook.events:
            self._held.progress = after  # which is written with the next event, or at the end
            return None
        outcome = await self._deliveries.send(self._hook, message)
        if outcome.is_delivered:
            await self._held.write(self._renewed(after))
            return None
        failed = self._held.progress.failed(self._now(), outcome.reason)
        if not is_given_up(failed.attempts, outcome.status):
            await self._held.write(failed.held("", 0.0))
            return failed.again_at - self._now()
        write = await self._deliveries.hooks.give_up(self._hook, message, failed.attempts, outcome.reason)
        await self._held.write(self._renewed(after), write)
        self._deliveries.counts.webhooks["given_up"] += 1
        log.warning(
            "webhook_gave_up",
            extra={"webhook": self._hook.name, "blog": self._blog, "message_id": message.id, "reason": outcome.reason},
        )
        return None

    async def _tell_deletion(self) -> float | None:
        """Send that the blog was deleted, if the receiver knows of it, and forget the blog."""
        progress = self._held.progress
        if progress.knows_header:
            message = Messages.deleted(self._hook, self._blog, progress.cursor)
            after = msgspec.structs.replace(progress.at(progress.cursor), knows_header=False)
            again = await self._tell(message, after)
            if again is not None:
                return again
        await self._held.write(None)
        return None

    def _renewed(self, progress: Progress) -> Progress:
        return progress.held(self._held.progress.holder, self._now() + LEASE_SECONDS)


def _told(progress: Progress, item: Item) -> Progress:
    """Return the progress once the receiver knows an item."""
    if item.id == HEADER:
        return msgspec.structs.replace(progress, knows_header=True)
    published_at = StoredEntry.of(item).published_at or ""
    return msgspec.structs.replace(progress, newest=max(progress.newest, published_at))


def _message_again(hook: StoredWebhook, event: DeadEvent, item: Item, cursor: Cursor) -> HookMessage | None:
    """Return the message about an item as it is now; None if readers do not see it."""
    if not item.seq:
        return None
    is_retracted = item.id != HEADER and StoredEntry.of(item).status == "retracted"
    return Messages.make(hook, event.blog, item, cursor, "entry.retracted" if is_retracted else event.kind)
