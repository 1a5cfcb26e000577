"""Knows how fresh the replicas of a node are, and chooses those to compare with the store next.

A node compares the blogs that somebody reads or has just asked for every two seconds. Of the others, it compares only a
few each time, because there may be thousands. That is safe for two reasons:

- A replica that was not compared for some seconds is compared when somebody asks for it, before the answer.
- A store that loses something loses the newest changes first, or everything. So a look at the blogs that changed last,
  and at a few others, tells when to compare all.

A node also notices that it slept, for example because its machine was suspended. No comparison of before then counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import islice

from stoppress.live.hub import Hub

COMPARE_SECONDS = 2.0
"""Time between two comparisons of the blogs that are in use."""

TICK_SECONDS = 0.5
"""Time between two looks at the clock."""

REACH_SECONDS = 3.0
"""Maximum time that a reader waits for the store. The node then answers with what it has, or says that it cannot."""

KEEP_SECONDS = 3600.0
"""Time without a reader, a request or a change after which a blog may leave memory."""

_SLEEP_SECONDS = 1.0
"""Time between two looks at the clock from which on the node has slept."""

_FRESH_SECONDS = 5.0
"""Time for which a comparison counts."""

_USED_SECONDS = 10.0
"""Time after a request or a change in which a blog counts as in use."""

_NEWEST_BLOGS = 2
"""Number of blogs, those that changed last, that are always compared."""

_OTHER_BLOGS = 6
"""Number of blogs in each comparison that are not in use. All get their turn."""

_LEAVING_BLOGS = 4
"""Maximum number of blogs that leave memory at once."""


class _Times:
    """Times of one blog, by `time.monotonic`."""

    __slots__ = ("checked", "failed", "used")

    def __init__(self, now: float) -> None:
        self.used = now
        """The last request for it, or change of it."""
        self.checked = float("-inf")
        """The start of the last look at the store after which the replica was at the head."""
        self.failed = float("-inf")
        """The start of the last look that failed."""


class Freshness:
    """See the module's docstring. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: dict[str, _Times] = {}  # those that were not compared for longest come first
        self._changed: dict[str, None] = {}
        self._ticked: float | None = None  # None: the node does not compare, so it does not know
        self._woke = float("-inf")

    def tick(self) -> bool:
        """Look at the clock, at least every `TICK_SECONDS`. Return whether the node has slept before."""
        woke, now = self._woke, self._now()
        self._ticked = now
        return self._woke > woke

    def _now(self) -> float:
        now = self._clock()
        if self._ticked is not None and now - self._ticked > _SLEEP_SECONDS:
            self._ticked = self._woke = now
        return now

    def use(self, blog: str) -> None:
        """Note a request for a blog."""
        times = self._times.get(blog)
        if times is None:
            self._times[blog] = _Times(self._clock())
        else:
            times.used = self._clock()

    def change(self, blog: str) -> None:
        """Note a change of a blog."""
        self.use(blog)
        self._changed.pop(blog, None)
        self._changed[blog] = None
        if len(self._changed) > _NEWEST_BLOGS:
            del self._changed[next(iter(self._changed))]

    def check(self, blog: str, began: float) -> None:
        """Note that a blog was at the store's head, by a look that began at `began`."""
        if blog in self._times:
            self._times[blog].checked = began

    def fail(self, blog: str, began: float) -> None:
        """Note that a look at the store, which began at `began`, failed."""
        if blog in self._times:
            self._times[blog].failed = began

    def forget(self, blog: str) -> None:
        """Forget a blog that is no longer in memory."""
        self._times.pop(blog, None)
        self._changed.pop(blog, None)

    def is_fresh(self, blog: str) -> bool:
        """Return whether a node may answer from its replica: it is fresh, or the store cannot be asked."""
        now, times = self._now(), self._times.get(blog)
        if self._ticked is None or times is None or times.checked >= max(self._woke, now - _FRESH_SECONDS):
            return True
        return times.failed >= max(self._woke, times.checked)

    def is_held(self, blog: str) -> bool:
        """Return whether readers of a blog get nothing now, because the node has just woken."""
        now, times = self._now(), self._times.get(blog)
        return now - self._woke < REACH_SECONDS and times is not None and max(times.checked, times.failed) < self._woke

    def next(self, hubs: Mapping[str, Hub]) -> list[str]:
        """Return the blogs to compare now: those in use, the newest ones, and some of the others."""
        since = self._now() - _USED_SECONDS
        used = {blog for blog, hub in hubs.items() if hub.is_read or self._times[blog].used > since}
        used.update(blog for blog in self._changed if blog in hubs)
        others = list(islice((blog for blog in self._times if blog in hubs and blog not in used), _OTHER_BLOGS))
        for blog in others:
            self._times[blog] = self._times.pop(blog)  # to the end
        return [*used, *others]

    def leaving(self, hubs: Mapping[str, Hub]) -> list[str]:
        """Return some blogs that nobody has used for `KEEP_SECONDS`."""
        since = self._now() - KEEP_SECONDS
        unused = (blog for blog, hub in hubs.items() if self._times[blog].used < since and not hub.is_read)
        return list(islice(unused, _LEAVING_BLOGS))

    def checked_since(self, blog: str, moment: float) -> bool:
        """Return whether a look at the store found a blog at the head since a moment."""
        return blog in self._times and self._times[blog].checked >= moment
