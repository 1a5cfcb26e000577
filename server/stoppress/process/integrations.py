"""The parts of a node that tell other systems of changes, and take what they send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.routing import Route

from stoppress.access.fetch import LimitedClient
from stoppress.access.outside import InsideHosts
from stoppress.model import Cursor, Segment
from stoppress.newsroom.commits import Replicas
from stoppress.newsroom.entries import Entries
from stoppress.settings import Settings
from stoppress.slack.config import read_config
from stoppress.slack.intake import Intake
from stoppress.store.port import Store
from stoppress.telemetry.counts import Counts
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.integrations.slack_api import SlackApi
from stoppress.web.integrations.webhooks_api import WebhooksApi
from stoppress.webhooks.dispatcher import Dispatcher
from stoppress.webhooks.webhooks import Webhooks


class IntegrationParts:
    """See the module's docstring.

    Args:
        settings: the settings of the node.
        store: has the blogs and the webhooks.
        now: returns the store's time, as Unix time in seconds.
        counts: counts what is sent.

    Raises:
        StartError: the configuration of the intake from Slack is wrong.
    """

    def __init__(self, settings: Settings, store: Store, now: Callable[[], float], counts: Counts) -> None:
        self._store = store
        self._now = now
        self._slack = read_config(settings.slack_file) if settings.slack_file else None
        hosts = InsideHosts(settings.webhook_hosts)
        self._hooks = Webhooks(store, hosts, now)
        client = LimitedClient(may_be_inside=False, hosts=hosts)
        self.dispatcher = Dispatcher(store, self._hooks, client, now, counts)

    def told_of_commits(self, replicas: Replicas) -> Replicas:
        """Return replicas whose commits also wake the webhooks."""
        return _WakingReplicas(replicas, self.dispatcher.wake)

    def told_of_deletions(self, deleted: Callable[[str], Awaitable[bool]]) -> Callable[[str], Awaitable[bool]]:
        """Return a function that takes the deletion of a blog as `deleted` does, and wakes the webhooks."""

        async def take(blog: str) -> bool:
            self.dispatcher.wake(blog)
            return await deleted(blog)

        return take

    def routes(self, authentication: Authentication, limit: WriteLimit, entries: Entries) -> list[Route]:
        """Return the routes of webhooks and of the intake from Slack."""
        hooks = WebhooksApi(authentication, self._hooks, self.dispatcher, limit)
        intake = Intake(self._slack, self._store, entries) if self._slack else None
        slack = SlackApi(self._slack, intake, self._store.accounts, limit, self._now)
        return [*hooks.routes(), *slack.routes()]


class _WakingReplicas:
    """The replicas of a node, as commits see them; each commit also wakes the webhooks."""

    def __init__(self, replicas: Replicas, wake: Callable[[str], None]) -> None:
        self._replicas = replicas
        self._wake = wake

    def committed(self, blog: str, change: Segment, arrived_at: float) -> None:
        self._replicas.committed(blog, change, arrived_at)
        if change.tags:
            self._wake(blog)

    async def reach(self, blog: str, cursor: Cursor) -> None:
        await self._replicas.reach(blog, cursor)

    def compare_soon(self, blog: str) -> None:
        self._replicas.compare_soon(blog)
