"""Figures about the readers of a blog: how many there are, and how soon they have got what was published.

Each node counts for itself. While desks are open, nodes tell each other, and a desk shows all of them together.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from stoppress.live.deliveries import MAX_DELIVERIES, Delivery, bucket_of, seconds_of
from stoppress.live.hub import Hub

HOUR_MINUTES = 60


class DeliveryFigures(Struct, array_like=True):
    """What one node knows of one delivery."""

    entries: list[tuple[str, int]]
    """The ids and versions of its entries."""
    cursor: str
    at: float
    """When it reached the node, as Unix time by the store's clock."""
    readers: int
    received: int
    times: list[tuple[int, int]]
    """Answers of sampled readers: buckets of times since `at`, and how many are in each."""


class NodeFigures(Struct, array_like=True):
    """What one node knows of the readers of a blog."""

    websocket: int
    events: int
    changes: int
    minute: int
    """The last minute of `hour`, counted from 1970."""
    hour: list[int]
    """Readers in each of the last 60 minutes, oldest first."""
    deliveries: list[DeliveryFigures]

    @classmethod
    def of(cls, hub: Hub, history: ReaderHistory, now: float) -> NodeFigures:
        """Return the figures of this node. `now` is the store's time."""
        held = hub.deliveries.held
        deliveries = [_of(delivery, now) for delivery in hub.deliveries if delivery.entries]
        minute, hour = history.hour(hub.replica.blog)
        return cls(hub.reader_count, held["events"], held["changes"], minute, hour, deliveries)

    @classmethod
    def read(cls, record: bytes) -> NodeFigures | None:
        """Return the figures in the record of another node; None if it is of another version of this program."""
        try:
            return msgspec.json.decode(record, type=cls)
        except msgspec.DecodeError:
            return None


def _of(delivery: Delivery, now: float) -> DeliveryFigures:
    if delivery.moment is None:
        delivery.moment = round(now - (time.monotonic() - delivery.at), 4)
    return DeliveryFigures(
        [(entry.id, entry.version) for entry in delivery.entries],
        str(delivery.cursor),
        delivery.moment,
        delivery.readers,
        delivery.received,
        sorted((delivery.times or {}).items()),
    )


class ReaderHistory:
    """How many readers each blog has had on this node in each of the last 60 minutes. It has no other blogs."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[str, deque[int]] = {}

    def count(self, minute: int, readers: Callable[[], Mapping[str, int]]) -> None:
        """Note the readers of a minute, counted from 1970, once. `readers` returns their number by blog."""
        passed = min(minute - self._minute, HOUR_MINUTES)
        if passed <= 0:
            return
        self._minute, now = minute, readers()
        for blog, counts in tuple(self._counts.items()):
            counts.extend([0] * (passed - 1) + [now.get(blog, 0)])
            if not any(counts):
                del self._counts[blog]
        for blog, number in now.items():
            if number and blog not in self._counts:
                self._counts[blog] = deque([number], HOUR_MINUTES)

    def hour(self, blog: str) -> tuple[int, list[int]]:
        """Return the last minute, and the readers in the 60 minutes up to it, oldest first."""
        counts = self._counts.get(blog, ())
        return self._minute, [0] * (HOUR_MINUTES - len(counts)) + list(counts)


def readers_of(nodes: Mapping[str, NodeFigures]) -> dict[str, Any]:
    """Return the readers on all nodes, as a desk shows them."""
    last = max((node.minute for node in nodes.values()), default=0)
    hour = [0] * HOUR_MINUTES
    for node in nodes.values():
        for ago, number in enumerate(reversed(node.hour), last - node.minute):
            if ago < HOUR_MINUTES:
                hour[-1 - ago] += number
    rows = [
        {"node": name, "websocket": node.websocket, "events": node.events, "changes": node.changes}
        for name, node in sorted(nodes.items())
    ]
    return {
        "total": sum(node.websocket + node.events + node.changes for node in nodes.values()),
        "nodes": rows,
        "hour": hour,
    }


def deliveries_of(nodes: Iterable[NodeFigures]) -> list[dict[str, Any]]:
    """Return the deliveries of all nodes, as a desk shows them, ascending by time."""
    parts: defaultdict[tuple[str, int], list[DeliveryFigures]] = defaultdict(list)
    for node in nodes:
        for delivery in node.deliveries:
            for entry_id, version in delivery.entries:
                parts[entry_id, version].append(delivery)
    newest = sorted(parts.items(), key=lambda part: min(one.at for one in part[1]))[-MAX_DELIVERIES:]
    return [_shown(entry_id, version, deliveries) for (entry_id, version), deliveries in newest]


def _shown(entry_id: str, version: int, deliveries: Sequence[DeliveryFigures]) -> dict[str, Any]:
    half, most = _percentiles(deliveries, 0.5, 0.95)
    return {
        "id": entry_id,
        "version": version,
        "cursor": deliveries[0].cursor,
        "readers": sum(one.readers for one in deliveries),
        "received": sum(one.received for one in deliveries),
        "half_ms": half,
        "p95_ms": most,
    }


def _percentiles(deliveries: Sequence[DeliveryFigures], *shares: float) -> list[int | None]:
    """Return times in milliseconds since the request reached its node. An answer counts for its node's readers."""
    began = min(one.at for one in deliveries)
    weights: Counter[int] = Counter()
    for one in deliveries:
        answers = sum(count for _, count in one.times)
        for bucket, count in one.times:
            later = bucket_of(seconds_of(bucket) + one.at - began)
            weights[later] += count * one.readers / answers  # type: ignore[assignment]
    total, reached, found = sum(weights.values()), 0.0, dict.fromkeys(shares)
    for bucket in sorted(weights):
        reached += weights[bucket]
        for share in shares:
            if found[share] is None and reached >= share * total - 1e-9:
                found[share] = math.ceil(seconds_of(bucket) * 1000)
    return list(found.values())
