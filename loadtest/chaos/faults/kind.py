"""The form of a fault, and the parts of a run that it may use."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from loadtest.chaos.log import NodeCutOff, RunLog, StoreLost
from loadtest.chaos.probes import Probes
from loadtest.chaos.readers import ChaosReader
from loadtest.chaos.stage.proxy import NetworkLink
from loadtest.chaos.stage.servers import ChaosNode, Stage
from loadtest.chaos.writers import Writers

SHORT_SECONDS, LONG_SECONDS = (0.6, 2.5), (11.5, 12.5)
"""Durations of faults in seconds. Most are short; some are longer than `/readyz` may stay green."""


class Trial(NamedTuple):
    """One run, while it is played."""

    stage: Stage
    writers: Writers
    readers: list[ChaosReader]
    probes: Probes
    rng: random.Random
    is_long: bool
    seconds: float = 0.0
    """Seconds for which the fault lasts; 0: the run chooses."""

    @property
    def log(self) -> RunLog:
        return self.stage.log

    async def hold(self) -> None:
        """Wait while the fault lasts."""
        chosen = self.rng.uniform(*(LONG_SECONDS if self.is_long else SHORT_SECONDS))
        await asyncio.sleep(self.seconds or chosen)

    async def go_on(self) -> None:
        """Wait while the editors write on."""
        await asyncio.sleep(self.rng.uniform(0.3, 1.0))

    def some_nodes(self) -> list[ChaosNode]:
        """Return one node, or all of them."""
        nodes = self.stage.nodes
        return list(nodes) if self.rng.random() < 0.3 else [self.rng.choice(nodes)]

    def some_links(self) -> list[NetworkLink]:
        """Return the link of one node to Redis, or all of them."""
        return [node.link for node in self.some_nodes() if node.link is not None]

    @contextmanager
    def cut_off(self, *links: NetworkLink) -> Iterator[None]:
        """Log that the nodes of some links, or of all, cannot reach the store in the block."""
        began = time.monotonic()
        yield
        for node in self.stage.nodes:
            if not links or node.link in links:
                self.log.add(NodeCutOff(at=began, node=node.number, until=time.monotonic()))

    def lost(self, kept_until: float, items: str = "all") -> None:
        """Log that the store has now lost what was written after a moment."""
        self.log.add(StoreLost(at=time.monotonic(), kept_until=kept_until, items=items))


class FaultKind(NamedTuple):
    """A kind of fault. `play` makes it, lets it last, and ends it; then all servers run again."""

    name: str
    play: Callable[[Trial], Awaitable[None]]
    nodes: int = 2
    """Number of nodes of a run. A run with one node uses SQLite."""
    may_be_long: bool = False
    """True if the fault lasts longer than ten seconds in one of five runs."""
    loses_answers: bool = False
    """True if the store loses the answers that it remembers for Idempotency-Keys."""
