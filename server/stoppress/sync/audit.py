"""Looks for parts of blogs that the store has lost.

A comparison of heads does not show that, and a commit or a read does so only when it comes. So each node checks one
blog after the other, those in its memory and all others.
"""

from __future__ import annotations

import asyncio

from stoppress.errors import BlogDamaged, BlogNotFound, StoreUnavailable
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.telemetry.blog_errors import BlogErrors

_ROUND_SECONDS = 2.0
"""Minimum time for a round over all blogs."""

_PACE_SECONDS = 0.05
"""Time between two checks for each blog that there is, so that many blogs cost no more than a few."""

_MAX_PACE_SECONDS = 3.0
"""Maximum time between two checks."""


class Audit:
    """See the module's docstring."""

    def __init__(self, store: Store, follower: Follower, errors: BlogErrors) -> None:
        self._store = store
        self._follower = follower
        self._errors = errors

    async def run(self) -> None:
        """Check blogs until cancelled."""
        while self._store.nodes_share_it:
            blogs = await self._blogs()
            if not blogs:
                await asyncio.sleep(_ROUND_SECONDS)
            for blog in blogs:
                pace = max(_ROUND_SECONDS / len(blogs), _PACE_SECONDS * len(blogs))
                await asyncio.sleep(min(pace, _MAX_PACE_SECONDS))
                await self._check(blog)

    async def _blogs(self) -> list[str]:
        """Return the names of all blogs, those in memory first."""
        held = [hub.replica.blog for hub in self._follower.hubs]
        try:
            return list(dict.fromkeys([*held, *await self._store.names()]))
        except StoreUnavailable:
            return held

    async def _check(self, blog: str) -> None:
        try:
            await self._store.verify(blog)
        except BlogDamaged as error:
            self._errors.report(blog, "audit", error)
            self._follower.compare_soon(blog, thorough=True)
        except BlogNotFound:
            pass
        except Exception as error:  # whatever it is, it stays with its blog
            self._errors.report(blog, "audit", error)
        else:
            self._errors.clear(blog, "audit")
