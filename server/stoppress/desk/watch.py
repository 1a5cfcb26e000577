"""Which blogs are watched: a desk of them is open, here or at another node. Only their readers are sampled."""

from __future__ import annotations

import time

from stoppress.live.hub import Hub
from stoppress.live.sample import MAX_SAMPLE
from stoppress.sync.follower import Follower

ANNOUNCE_SECONDS = 10.0
"""Time between two announcements of a node that desks of a blog are open."""

ASKED_SECONDS = 25.0
"""Time after the last announcement for which a node tells its figures."""

DRAW_SECONDS = 30.0
"""Time between two draws of a sample, so that it is one of those who read now."""

_FILL_SECONDS = 1.0


class Watch:
    """See the module's docstring.

    Args:
        follower: has the hubs; it hears the announcements of other nodes.
        node: the name of this node.
    """

    def __init__(self, follower: Follower, node: str) -> None:
        self._follower = follower
        self._node = node
        self._asked: dict[str, float] = {}  # blogs with desks at other nodes, and when they were announced
        self._announced: dict[str, float] = {}
        self._sampled: dict[str, tuple[Hub, float, float]] = {}  # when the sample was drawn, and when it was filled up
        follower.tell_watched = self._hear

    def _hear(self, blog: str, node: str) -> None:
        if node != self._node:
            self._asked[blog] = time.monotonic()

    def blogs(self) -> list[str]:
        """Return the blogs that are watched from other nodes, or whose readers are sampled."""
        return list({*self._asked, *self._sampled})

    def is_asked(self, blog: str) -> bool:
        """Return whether another node wants to know the figures of a blog."""
        if time.monotonic() - self._asked.get(blog, float("-inf")) <= ASKED_SECONDS:
            return True
        self._asked.pop(blog, None)
        return False

    def must_announce(self, blog: str) -> bool:
        """Return whether it is time to tell other nodes that desks of a blog are open here. Then it counts as done."""
        now = time.monotonic()
        if now - self._announced.get(blog, float("-inf")) < ANNOUNCE_SECONDS:
            return False
        self._announced[blog] = now
        return True

    def look(self, blog: str, *, is_open: bool, others: int) -> Hub | None:
        """Return the hub of a watched blog, and keep its sample. Return None if the blog is not watched.

        Args:
            blog: the blog.
            is_open: whether a desk of it is open here.
            others: about how many blogs share the readers that a node may sample.
        """
        hub = self._follower.find(blog)
        is_watched = self.is_asked(blog) or is_open
        if not is_open:
            self._announced.pop(blog, None)
        if hub is None or not is_watched:
            if sampled := self._sampled.pop(blog, None):
                sampled[0].sample.end()
            return None
        self._keep_sample(blog, hub, MAX_SAMPLE // max(1, others, len(self._sampled)))
        return hub

    def _keep_sample(self, blog: str, hub: Hub, size: int) -> None:
        now = time.monotonic()
        known, drawn_at, filled_at = self._sampled.get(blog, (None, 0.0, 0.0))
        is_new = known is not hub or now - drawn_at >= DRAW_SECONDS
        if is_new or now - filled_at >= _FILL_SECONDS:
            hub.draw_sample(size, anew=is_new)
            self._sampled[blog] = (hub, now if is_new else drawn_at, now)
