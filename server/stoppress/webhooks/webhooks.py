"""The webhooks of a site: make, list and remove them, and the events that were given up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.outside import InsideHosts, NotAllowed
from stoppress.access.roles import require_blogs
from stoppress.errors import BadInput, TooManyWebhooks, VersionConflict, WebhookExists, WebhookNotFound
from stoppress.model import timestamp
from stoppress.store.accounts.port import MAX_WRITES, Accounts, Record, RecordWrite
from stoppress.store.past.port import Act
from stoppress.store.port import Store
from stoppress.webhooks.hook import (
    HOOK,
    DeadEvent,
    Failing,
    NewWebhook,
    StoredWebhook,
    Webhook,
    WebhookForm,
    WebhookState,
)
from stoppress.webhooks.messages import HookMessage
from stoppress.webhooks.progress import PROGRESS, Progress
from stoppress.webhooks.signing import new_secret

MAX_HOOKS = 20

MAX_DEAD = 200
"""Maximum number of events of a webhook that are listed as given up; the oldest go first."""

_DEAD = "webhook_dead"
"""The kind of the records of events that were given up."""

_DEAD_SECONDS = 30 * 24 * 3600

_PAGE = 200

_MAX_FAILING = 20

_RESOLVE_SECONDS = 5.0


class Webhooks:
    """The webhooks of a site.

    Args:
        store: keeps them, and has the blogs.
        hosts: where webhooks may lead.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(self, store: Store, hosts: InsideHosts, now: Callable[[], float]) -> None:
        self._store = store
        self._accounts: Accounts = store.accounts
        self._hosts = hosts
        self._now = now

    async def make(self, form: WebhookForm, maker: Identity, act: Act | None = None) -> NewWebhook:
        """Make a webhook, and return it with its secret. It is told of all changes from now on.

        Raises:
            BadInput: the address is not allowed.
            Forbidden: it is for blogs that its maker is not for.
            WebhookExists, TooManyWebhooks
        """
        blogs = list(EVERY_BLOG) if "*" in form.blogs else list(dict.fromkeys(form.blogs))
        require_blogs(maker, blogs, f"make a webhook for {', '.join(blogs[:10])}")
        await self._check_address(form.url)
        if len(await self.all()) >= MAX_HOOKS:
            raise TooManyWebhooks(MAX_HOOKS)
        hook = StoredWebhook(
            id=secrets.token_hex(8),
            name=form.name,
            url=form.url,
            blogs=blogs,
            events=list(dict.fromkeys(form.events)),
            created_at=self._time(),
            created_by=maker.id,
            secret=new_secret(),
        )
        await self._begin(hook)
        try:
            await self._accounts.write([RecordWrite(HOOK, hook.name, msgspec.json.encode(hook), 0)], act)
        except VersionConflict:
            raise WebhookExists(hook.name) from None
        return NewWebhook(**{name: getattr(hook, name) for name in NewWebhook.__struct_fields__})

    async def all(self) -> list[StoredWebhook]:
        """Return all webhooks, by name."""
        records = await self._accounts.records(HOOK)
        return [hook for record in records if (hook := StoredWebhook.read(record.body))]

    async def states(self, who: Identity) -> list[WebhookState]:
        """Return the webhooks whose blogs `who` is for, and how they are doing."""
        return [await self._state(hook) for hook in await self.all() if who.is_for_all(hook.blogs)]

    async def state(self, name: str, who: Identity) -> WebhookState:
        """Return one webhook. Raises `WebhookNotFound` and `Forbidden`."""
        return await self._state(await self.find(name, who))

    async def find(self, name: str, who: Identity) -> StoredWebhook:
        """Return one webhook with its secret. Raises `WebhookNotFound` and `Forbidden`."""
        record = None
        with suppress(ValueError):  # the name cannot be that of a record
            record = await self._accounts.get(HOOK, name)
        hook = StoredWebhook.read(record.body) if record else None
        if hook is None:
            raise WebhookNotFound(name)
        require_blogs(who, hook.blogs, f"see webhook {name!r}")
        return hook

    async def remove(self, name: str, who: Identity, act: Act | None = None) -> None:
        """Remove a webhook. Nodes send nothing more within 5 seconds. Raises `WebhookNotFound` and `Forbidden`."""
        await self.find(name, who)
        await self._accounts.write([RecordWrite(HOOK, name, None)], act)

    # Events that were given up

    async def dead(self, hook: StoredWebhook) -> list[DeadEvent]:
        """Return the events that were given up, the newest first."""
        found = [event for _, event in await self._dead(hook)]
        return sorted(found, key=lambda event: event.given_up_at, reverse=True)

    async def dead_event(self, hook: StoredWebhook, event: str) -> DeadEvent:
        """Return one event that was given up. Raises `WebhookNotFound`."""
        for known in await self.dead(hook):
            if known.id == event:
                return known
        raise WebhookNotFound(hook.name, event)

    async def give_up(self, hook: StoredWebhook, message: HookMessage, attempts: int, reason: str) -> RecordWrite:
        """Return the write that lists an event as given up, and make room for it."""
        known = sorted(await self._dead(hook), key=lambda pair: pair[1].given_up_at)
        too_many = known[: max(0, len(known) + 1 - MAX_DEAD)][:MAX_WRITES]
        if too_many:
            await self._accounts.write([RecordWrite(_DEAD, record.id, None) for record, _ in too_many])
        event = DeadEvent(
            id=message.id,
            blog=message.blog,
            item=message.item,
            kind=message.kind,
            attempts=attempts,
            reason=reason,
            given_up_at=self._time(),
        )
        ends = self._now() + _DEAD_SECONDS
        return RecordWrite(_DEAD, f"{hook.id}/{message.id}", msgspec.json.encode(event), None, ends)

    async def forget(self, hook: StoredWebhook, event: str) -> None:
        """Take an event off the list."""
        await self._accounts.write([RecordWrite(_DEAD, f"{hook.id}/{event}", None)])

    # Records

    async def progress(self, hook: StoredWebhook) -> dict[str, tuple[Record, Progress]]:
        """Return how far a webhook is, by blog."""
        found = {}
        async for record in self._records(PROGRESS, f"{hook.id}/"):
            if progress := Progress.read(record.body):
                found[record.id.partition("/")[2]] = record, progress
        return found

    async def sweep(self, hooks: list[StoredWebhook], age: float) -> None:
        """Remove what is left of webhooks that are not there. Records younger than `age` seconds may be of new ones."""
        ids = {hook.id for hook in hooks}
        for kind in (PROGRESS, _DEAD):
            gone = []
            async for record in self._records(kind, ""):
                progress = Progress.read(record.body) if kind == PROGRESS else None
                is_young = progress is not None and progress.made_at > self._now() - age
                if record.id.partition("/")[0] not in ids and not is_young:
                    gone.append(RecordWrite(kind, record.id, None))
            for begin in range(0, len(gone), MAX_WRITES):
                await self._accounts.write(gone[begin : begin + MAX_WRITES])

    async def _begin(self, hook: StoredWebhook) -> None:
        """Note where each blog is now. A blog without a note later is a new one."""
        names = [name for name in await self._store.names() if hook.is_for(name)]
        now = self._now()
        for begin in range(0, len(names), MAX_WRITES):
            some = names[begin : begin + MAX_WRITES]
            writes = [
                RecordWrite(
                    PROGRESS,
                    f"{hook.id}/{name}",
                    msgspec.json.encode(Progress(head.seq, head.tag, True, hook.created_at, made_at=now)),
                )
                for name, head in zip(some, await self._store.heads(some), strict=True)
                if head is not None
            ]
            if writes:
                await self._accounts.write(writes)

    async def _state(self, hook: StoredWebhook) -> WebhookState:
        failing = []
        for blog, (_, progress) in (await self.progress(hook)).items():
            if progress.attempts:
                again_at = timestamp(datetime.fromtimestamp(progress.again_at, UTC))
                failing.append(Failing(blog, progress.attempts, again_at, progress.reason))
        fields = {name: getattr(hook, name) for name in Webhook.__struct_fields__}
        return WebhookState(**fields, failing=failing[:_MAX_FAILING], dead=len(await self._dead(hook)))

    async def _dead(self, hook: StoredWebhook) -> list[tuple[Record, DeadEvent]]:
        found = []
        async for record in self._records(_DEAD, f"{hook.id}/"):
            with suppress(msgspec.DecodeError):
                found.append((record, msgspec.json.decode(record.body, type=DeadEvent)))
        return found

    async def _records(self, kind: str, prefix: str) -> AsyncIterator[Record]:
        after = prefix
        while page := await self._accounts.records(kind, after, _PAGE):
            for record in page:
                if not record.id.startswith(prefix):
                    return
                yield record
            after = page[-1].id

    async def _check_address(self, url: str) -> None:
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await self._hosts.checked(url)
        except NotAllowed as error:
            raise BadInput(f"`url` cannot be used: {error}.", "url") from None
        except OSError:  # or a `TimeoutError`, which is one
            host = urlsplit(url).hostname
            raise BadInput(f"`url` cannot be used: the host {host!r} was not found. Check its name.", "url") from None

    def _time(self) -> str:
        return timestamp(datetime.fromtimestamp(self._now(), UTC))
