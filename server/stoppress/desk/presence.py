"""Who is at the desks of which blogs, and what they are editing.

A browser tab says every few seconds that it is there, to any node. Of two reports of one tab, the newer one counts. A
tab that has been silent for `STALE_SECONDS` is gone, also if its browser or its node was killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from stoppress.errors import NotNow
from stoppress.model import timestamp

TAB_PATTERN = r"^[0-9A-Za-z_-]{8,64}$(?!\n)"
"""The ids of tabs."""

EDITING_PATTERN = r"^(new|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$(?!\n)"
"""What a tab may edit."""

STALE_SECONDS = 30.0
"""Time after which a silent tab is gone."""

MAX_TABS = 200
"""Maximum number of tabs of one blog. A desk sees those that were heard of last."""

MAX_TABS_OF_ONE = 20
"""Maximum number of tabs of one identity at one blog. The one that was heard of first makes room."""

_MAX_TABS_OF_NODE = 5_000

_MAX_RECORD_BYTES = 60 * 1024


class Tab(Struct, array_like=True):
    """A report of one tab. Times are Unix times in seconds by the store's clock."""

    tab: str
    """A random id that the tab has made up."""
    who: str
    """The `Identity.id`."""
    name: str
    editing: str | None
    """The id of an entry, or `new`."""
    since: float
    """When it began to edit this."""
    seen: float
    is_gone: bool = False
    """Whether it has said that it leaves."""

    @property
    def key(self) -> tuple[str, str]:
        return self.who, self.tab

    def shown(self) -> dict[str, Any]:
        """Return what desks show."""
        at = timestamp(datetime.fromtimestamp(self.since, UTC))
        return {"tab": self.tab, "who": self.who, "name": self.name, "editing": self.editing, "at": at}


_Tabs = dict[tuple[str, str], Tab]


class BlogPresence:
    """The tabs at one blog: those that report to this node, and those of which others have told."""

    def __init__(self) -> None:
        self.is_urgent = False
        """Whether other nodes should hear of a change soon."""
        self._own: _Tabs = {}
        self._of_others: dict[str, list[Tab]] = {}

    def __len__(self) -> int:
        """Return the number of tabs that report to this node."""
        return len(self._own)

    def put(self, report: Tab) -> bool:
        """Take a report. Return whether it says something new."""
        known = self._own.pop(report.key, None)
        if known is not None and (known.editing, known.is_gone) == (report.editing, report.is_gone):
            report.since = known.since
            is_new = known.name != report.name
        else:
            is_new = True
        if known is None and not report.is_gone:
            self._make_room(report.who)
        self._own[report.key] = report
        self.is_urgent |= is_new
        return is_new

    def _make_room(self, who: str) -> None:
        same = [key for key in self._own if key[0] == who]
        if len(same) >= MAX_TABS_OF_ONE:
            del self._own[same[0]]
        elif len(self._own) >= MAX_TABS:
            raise NotNow(f"{MAX_TABS} tabs have the desk of this blog open, and that is the limit. Close some of them.")

    def expire(self, now: float) -> bool:
        """Forget silent tabs. Return whether there were any."""
        silent = [key for key, tab in self._own.items() if tab.seen + STALE_SECONDS <= now]
        for key in silent:
            del self._own[key]
        return bool(silent)

    def hear(self, records: dict[str, bytes]) -> None:
        """Take the records of all other nodes, by node, instead of those of before."""
        self._of_others = {node: _read(body) for node, body in records.items()}

    def record(self) -> bytes:
        """Return what other nodes should know: the newest reports that fit."""
        tabs = list(self._own.values())[::-1]
        while len(body := msgspec.json.encode(tabs)) > _MAX_RECORD_BYTES:
            tabs = tabs[: len(tabs) * 3 // 4]
        return body

    def people(self, now: float) -> list[dict[str, Any]]:
        """Return the tabs that are there, in the order of names."""
        newest: _Tabs = {}
        for tab in _all(self._own.values(), *self._of_others.values()):
            known = newest.get(tab.key)
            if known is None or known.seen < tab.seen:
                newest[tab.key] = tab
        there = [tab for tab in newest.values() if not tab.is_gone and tab.seen + STALE_SECONDS > now]
        there = sorted(there, key=lambda tab: tab.seen, reverse=True)[:MAX_TABS]
        return [tab.shown() for tab in sorted(there, key=lambda tab: (tab.name, tab.who, tab.tab))]


def _all(*groups: Iterable[Tab]) -> Iterable[Tab]:
    return (tab for group in groups for tab in group)


def _read(body: bytes) -> list[Tab]:
    try:
        return msgspec.json.decode(body, type=list[Tab])
    except msgspec.DecodeError:  # of another version of this program
        return []


class Presence:
    """The tabs at all blogs, as this node knows them."""

    def __init__(self) -> None:
        self._blogs: dict[str, BlogPresence] = {}

    def of(self, blog: str) -> BlogPresence:
        """Return the presence at a blog."""
        return self._blogs.setdefault(blog, BlogPresence())

    def require_room(self) -> None:
        """Raise `NotNow` if too many tabs report to this node."""
        if sum(map(len, self._blogs.values())) >= _MAX_TABS_OF_NODE:
            raise NotNow("Too many desks are open on this node. Try again shortly.")

    def blogs(self) -> list[str]:
        """Return the blogs with tabs that report to this node."""
        return [blog for blog, presence in self._blogs.items() if len(presence)]

    def forget(self, blog: str) -> None:
        """Forget a blog without tabs that report to this node, and without open desks."""
        self._blogs.pop(blog, None)
