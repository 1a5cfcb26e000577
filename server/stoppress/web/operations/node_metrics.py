"""The metrics of one process: what was counted, and what there is now."""

from __future__ import annotations

import asyncio
from collections import Counter

from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.metrics import State, exposition
from stoppress.web.operations.health import Health
from stoppress.wire.encodings import Compression, WebSocket

_LABELS = [
    ("websocket", codec, compression.name.lower())
    for codec in ("json", "msgpack", "html")
    for compression in Compression
]
"""The transport, encoding and compression of readers."""


class NodeMetrics:
    """See the module's docstring.

    Args:
        follower: has the readers.
        counts: what was counted.
        health: whether the node is ready.
        blogs: how many blogs are named, those with most readers.
    """

    def __init__(self, follower: Follower, counts: Counts, health: Health, blogs: int) -> None:
        self._follower = follower
        self._counts = counts
        self._health = health
        self._blogs = blogs

    async def text(self) -> bytes:
        """Return them in Prometheus's text format."""
        problem = await self._health.problem()
        return exposition(self._counts, self._state(ready=problem is None, store_up=self._health.store_up))

    def _state(self, *, ready: bool, store_up: bool) -> State:
        hubs = self._follower.hubs
        readers = dict.fromkeys(_LABELS, 0)
        for hub in hubs:
            for encoding, number in hub.census().items():
                assert isinstance(encoding, WebSocket)
                readers["websocket", encoding.codec.name, encoding.compression.name.lower()] += number
        for transport in ("sse", "long_poll"):
            readers[transport, "json", "none"] = self._counts.open[transport]
        largest = Counter({hub.replica.blog: hub.reader_count for hub in hubs}) if self._blogs else Counter[str]()
        return State(
            ready=ready,
            store_up=store_up,
            blogs=len(hubs),
            behind=self._follower.behind,
            slow=sum(hub.slow_count for hub in hubs),
            tasks=len(asyncio.all_tasks()),
            readers=readers,
            blog_readers=dict(largest.most_common(self._blogs)),
        )
