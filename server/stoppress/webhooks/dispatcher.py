"""The work of a node for webhooks: it sends what its own writes change, and looks for what other nodes have left.

A commit wakes the dispatcher of its node. It reads what follows on the webhook's cursor, sends an event for each item,
and moves the cursor. So there is no queue: what waits is a cursor, and an event is made of the state at the moment of
sending. `progress.py` has the lease, so that only one node sends at a time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from stoppress.access.fetch import LimitedClient
from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Store
from stoppress.tasks import end
from stoppress.telemetry.counts import Counts
from stoppress.webhooks.delivery import EventDeliveries
from stoppress.webhooks.hook import StoredWebhook
from stoppress.webhooks.messages import Messages
from stoppress.webhooks.webhooks import Webhooks

_TICK_SECONDS = 1.0

_REFRESH_SECONDS = 4.0
"""Seconds between two looks at the list of webhooks, if there are any."""

_FIRST_REFRESH_SECONDS, _IDLE_REFRESH_SECONDS = 15.0, 60.0
"""The same if this node knows of none: after a commit, and without one. The node that makes a webhook knows at once."""

SWEEP_SECONDS = 5.0
"""Seconds between two looks of one of the nodes for blogs that changed and are not told, and more if there are many."""

_SWEPT_BLOGS_A_SECOND = 100

_ORPHAN_SECONDS = 300.0

_MAX_BLOGS = 100
"""Blogs whose heads are read at once."""

_MAX_TASKS = 20
"""Maximum number of blogs that are sent at once, shared by the webhooks: a slow receiver delays no other."""

_SWEEP = "webhook_sweep"
"""The kind of the record that says which node looks."""

log = logging.getLogger("stoppress.webhooks")

_Key = tuple[str, str]
"""The id of a webhook, and a blog."""


class Dispatcher:
    """See the module's docstring.

    Args:
        store: has the blogs, and the records of webhooks.
        hooks: the webhooks.
        client: sends.
        now: returns the store's time, as Unix time in seconds.
        counts: counts the attempts.
    """

    def __init__(
        self, store: Store, hooks: Webhooks, client: LimitedClient, now: Callable[[], float], counts: Counts
    ) -> None:
        self._store = store
        self._hooks = hooks
        self._now = now
        self._name = secrets.token_hex(8)
        self.deliveries = EventDeliveries(store, hooks, Messages(store.past), client, now, counts)
        self._known: dict[str, StoredWebhook] = {}
        self._refreshed_at = -_IDLE_REFRESH_SECONDS
        self._has_commits = False  # since the list was read
        self._sweep_at = 0.0
        self._again: dict[_Key, float] = {}  # when to look at a blog again, by the event loop's clock
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    def wake(self, blog: str) -> None:
        """Look at a blog that has just changed."""
        self._has_commits = True
        for hook in self._known.values():
            if hook.is_for(blog):
                self._again[hook.id, blog] = 0.0
                self._woken.set()

    async def refresh(self) -> None:
        """Read the list of webhooks now."""
        self._refreshed_at, self._has_commits = time.monotonic(), False
        self._known = {hook.id: hook for hook in await self._hooks.all()}

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                await self._tick()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS):
                        await self._woken.wait()
                self._woken.clear()
        finally:
            await end(self._tasks.values())

    async def _tick(self) -> None:
        try:
            if time.monotonic() - self._refreshed_at >= self._refresh_pause():
                await self.refresh()
            if self._known and time.monotonic() >= self._sweep_at:
                self._sweep_at = time.monotonic() + SWEEP_SECONDS
                await self._sweep()
        except StoreUnavailable as error:
            log.warning("webhooks_not_read", extra={"error": str(error)})
        self._tasks = {key: task for key, task in self._tasks.items() if not task.done()}
        for key, at in list(self._again.items()):
            hook = self._known.get(key[0])
            if hook is None:
                del self._again[key]
            elif at <= time.monotonic() and key not in self._tasks and self._has_place(hook):
                del self._again[key]
                self._tasks[key] = asyncio.create_task(self._deliver(hook, key[1]))

    def _refresh_pause(self) -> float:
        """Return the seconds between two looks at the list. Nodes without webhooks leave the store in peace."""
        if self._known:
            return _REFRESH_SECONDS
        return _FIRST_REFRESH_SECONDS if self._has_commits else _IDLE_REFRESH_SECONDS

    def _has_place(self, hook: StoredWebhook) -> bool:
        """Return whether one more blog of a webhook may be sent. So none waits for a place while it has a lease."""
        share = max(1, _MAX_TASKS // len(self._known))
        return sum(key[0] == hook.id for key in self._tasks) < share

    async def _deliver(self, hook: StoredWebhook, blog: str) -> None:
        """Send what a blog has for a webhook. Note when to look again."""
        again: float | None = None
        try:
            again = await self.deliveries.run(hook, blog, self._name, lambda: hook.id in self._known)
        except StoreUnavailable as error:
            log.warning("webhook_waits", extra={"webhook": hook.name, "blog": blog, "error": str(error)})
            again = _TICK_SECONDS
        except Exception:
            log.exception("webhook_failed", extra={"webhook": hook.name, "blog": blog})
            again = SWEEP_SECONDS
        if again is not None:
            self._again.setdefault((hook.id, blog), time.monotonic() + again)
        self._woken.set()

    async def _sweep(self) -> None:
        """Look for blogs that changed and are not told, if no other node does."""
        try:
            record = await self._store.accounts.get(_SWEEP, "sweep")
            if record is not None and record.body != self._name.encode():
                return
            expected = record.version if record else 0
            names = await self._store.names()
            pause = SWEEP_SECONDS + len(names) / _SWEPT_BLOGS_A_SECOND
            self._sweep_at = time.monotonic() + pause
            ends = self._now() + 2 * pause
            body = self._name.encode()
            await self._store.accounts.write([RecordWrite(_SWEEP, "sweep", body, expected, ends)])
        except VersionConflict:
            return
        await self._hooks.sweep(list(self._known.values()), _ORPHAN_SECONDS)
        for hook in list(self._known.values()):
            await self._look(hook, [name for name in names if hook.is_for(name)])

    async def _look(self, hook: StoredWebhook, names: list[str]) -> None:
        progress = {blog: one for blog, (_, one) in (await self._hooks.progress(hook)).items()}
        wanted = sorted({*names, *progress})
        now = self._now()
        for begin in range(0, len(wanted), _MAX_BLOGS):
            some = wanted[begin : begin + _MAX_BLOGS]
            for blog, head in zip(some, await self._store.heads(some), strict=True):
                known = progress.get(blog)
                is_told = known is None if head is None else known is not None and known.cursor == head
                if not is_told and (known is None or known.again_at <= now):
                    self._again.setdefault((hook.id, blog), 0.0)
