"""The background work of a node while it serves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from stoppress.live.fd_group import PHASES
from stoppress.newsroom.schedule import publish_when_due
from stoppress.process.node import Node
from stoppress.telemetry.lag import watch_lag


def background(node: Node) -> list[Coroutine[Any, Any, None]]:
    """Return coroutines that run until they are cancelled."""

    def late(seconds: float) -> None:
        node.counts.lag.add(seconds)
        node.admission.late(seconds)

    return [
        node.follower.follow(),
        node.follower.compare(),
        publish_when_due(node.store, node.entries),
        node.entrance.deadlines.watch(),
        _beat(node),
        watch_lag(late),
        *([node.exchange.serve()] if node.exchange else []),
    ]


async def _beat(node: Node) -> None:
    """Send each reader one beat per interval, spread over the interval."""
    for phase in itertools.cycle(range(PHASES)):
        await asyncio.sleep(node.settings.beat / PHASES)
        for hub in node.follower.hubs:
            hub.beat(phase)
