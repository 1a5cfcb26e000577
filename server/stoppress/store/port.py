"""The contract of a store. One test suite holds every store to it.

A store keeps, for each blog, its items (`model.Item`) and its history: a tag for every seq. It does not look into
bodies. Every method may raise `StoreUnavailable`. The store has then written nothing, or, if the connection broke in
the middle of a commit, either all of it or nothing.

A store may lose data. `BlogMissing` and `BlogDamaged` are the forms of `StoreUnavailable` that say so. Every method
that may raise `BlogNotFound` raises `BlogMissing` instead if the store has lost data and the blog may come back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from stoppress.model import START, Cursor, Item, Segment
from stoppress.store.accounts.port import Accounts
from stoppress.store.past.port import Act, Past

NO_DUES: Mapping[str, float] = {}
"""For lost items of which none is due."""

REMEMBER_SECONDS = 24 * 3600
"""Seconds for which a store remembers the answer to an Idempotency-Key."""


class Write(NamedTuple):
    """The next state of one item. The store gives it version `expected + 1`, unless `version` is higher."""

    id: str
    expected: int
    """The version that the store must have now; 0 means that it must not have the item."""
    body: bytes | None
    """None removes the item; only drafts can be removed."""
    visible: bool = True
    """Whether readers may see the item. Only then it gets a seq and a tag. A visible item cannot become invisible."""
    due: float | None = None
    """The time from which `Store.due` returns the item, as Unix time in seconds: an entry is published or expires."""
    erase: bool = False
    """Whether to erase all earlier bodies of the item. In remembered answers, this body replaces them."""
    version: int = 0
    """A version that readers or editors may have seen of an item that was lost; the next one is higher."""

    @property
    def next_version(self) -> int:
        return max(self.expected, self.version) + 1


class Once(NamedTuple):
    """The identity of a repeatable request: its Idempotency-Key, scoped to its sender, and a digest of the request."""

    key: str
    fingerprint: str


class Sent(NamedTuple):
    """The sending of a change: its time and its trace."""

    at: float
    """Unix time in seconds at which the change was sent to the store, by the clock of the sending node."""
    traceparent: str = ""
    """The trace context of the commit (W3C Trace Context); empty if there is none."""


class Changed(NamedTuple):
    """A hint that this change was committed to a blog, perhaps by another node. It may come late, twice or never."""

    blog: str
    change: Segment
    sent: Sent | None = None


class Lost(NamedTuple):
    """A hint that changes of this blog, or of all blogs (None), may have been missed. Compare heads with the store."""

    blog: str | None
    damaged: bool = False
    """Whether another node could not read the blog. Compare everything, and put back what differs."""


class Watched(NamedTuple):
    """A hint that desks of this blog are open at a node, which wants to know what other nodes know of its readers."""

    blog: str
    node: str


Hint = Changed | Lost | Watched


class Store(Protocol):
    """A store of blogs; the module's docstring has the rules for all methods."""

    nodes_share_it: bool
    """Whether other processes also write to this store, so that nodes must compare heads with it regularly."""

    accounts: Accounts
    """The records next to the blogs."""
    past: Past
    """The audit, and the earlier versions of entries."""

    async def open(self) -> None:
        """Connect, and create or migrate the database.

        Raises:
            StartError: the store cannot be used; the message is for the person who starts the node.
        """

    async def close(self) -> None:
        """Release all resources. Further calls do nothing."""

    async def ping(self) -> None:
        """Raise `StoreUnavailable` unless the store can take a write now."""

    async def commit(
        self, blog: str, writes: Sequence[Write], once: Once | None = None, act: Act | None = None, *more: Act
    ) -> Segment:
        """Write all or nothing, and return the change when it is durable.

        The visible writes get consecutive seqs in the given order, and a new tag each. A visible write of
        `model.HEADER` that expects 0 creates the blog. If `once.key` was used before with the same fingerprint,
        nothing is written and the segment of the first commit is returned again. In the segment, committed drafts
        have seq 0 and removed drafts have an empty body. All nodes that follow the blog get a hint.

        In the same commit, `act` and `more`, all of one identity, become part of the audit, and of each entry the
        version that a write replaces is kept with its author (see `Keep`). A write that erases or removes an item also
        erases all its earlier versions.

        Raises:
            BlogNotFound: the blog does not exist, and these writes do not create it.
            BlogDamaged: a part of the blog is lost, so nothing may be written on top of it.
            VersionConflict: an item has another version than expected.
            KeyReused: `once.key` was used before with another fingerprint.
        """

    async def recall(self, blog: str, once: Once) -> Segment | None:
        """Return the segment that was committed under `once`, or None. Raises `KeyReused` as `commit` does.

        An answer that cannot be read is forgotten.
        """

    async def forget(self, blog: str, once: Once) -> None:
        """Forget what was committed under `once`, because the answer to it cannot be read."""

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        """Return the history after a cursor, up to the head, as of one moment; the whole blog if the cursor is unknown.

        Raises:
            BlogNotFound: the blog does not exist.
            BlogDamaged: a part of the blog is lost, or something in it cannot be read.
        """

    async def item(self, blog: str, item_id: str) -> Item | None:
        """Return one item or draft, or None if the blog has no such item. Raises `BlogNotFound`."""

    async def drafts(self, blog: str) -> list[Item]:
        """Return all items with seq 0, sorted by id. Raises `BlogNotFound`."""

    async def blogs(self) -> list[str]:
        """Return the names of all blogs, sorted."""

    async def names(self) -> list[str]:
        """Return the names of all blogs, sorted. A shared store also returns those of deleted blogs."""

    async def headers(self, blogs: Sequence[str]) -> list[Item | None]:
        """Return the header of each blog, or None for a blog that does not exist."""

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        """Return the newest cursor of each blog, or None for a blog that does not exist.

        A head that cannot be read is START; `read` then tells why. So one damaged blog does not hide the others.
        """

    async def due(self, now: float) -> list[tuple[str, str]]:
        """Return (blog, entry id) of what is due at `now` (Unix time in seconds), at most 100 of each blog.

        These are scheduled entries, and visible ones that expire; see `Write.due`. A blog whose entries cannot be
        published so does not hide those of others.
        """

    async def time(self) -> float:
        """Return the time of the store's clock, which all its nodes share, as Unix time in seconds."""

    async def delete(self, blog: str, act: Act | None = None) -> None:
        """Delete a blog and all data that belongs to it except its audit, which gets `act`, also if parts are lost.

        Histories of this name that began before are deleted as well, even if the store has lost them: see
        `was_deleted`. That is also true if this raises `BlogNotFound`.
        """

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        """Return whether an editor deleted the history with this epoch (its first tag); else the store has lost it.

        A deletion of the name counts for all histories that began before it.
        """

    async def restore(
        self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        """Restore changes that the store has lost: the visible items and tags after `head`, unchanged.

        The bodies of the items named in `retracted` replace those in remembered answers, as with `Write.erase`,
        and their earlier versions are erased. `dues` has the times of the items that have one; see `Write.due`.

        Returns False, and writes nothing, if the store's head is not `head` (START: no such blog), if an editor has
        deleted the blog, or if a draft among the items has been edited so often that its version is not lower.
        """

    async def removed(self, blog: str) -> list[str]:
        """Return the ids of drafts that editors removed in the last day, at most 1,000. Only a shared store has them.

        If the store had lost their publication, a node that puts them back must then retract them.
        """

    async def verify(self, blog: str) -> None:
        """Check in constant time that all parts of a blog are there, and rebuild what follows from other parts.

        Raises:
            BlogDamaged: a part is lost that does not follow from others.
        """

    async def rebuild(
        self, blog: str, whole: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        """Write a damaged blog again as it is in a replica, with the drafts that the store still has.

        `retracted` and `dues` are as for `restore`.

        Returns False, and writes nothing, if the store has changes that are not in `whole`.
        """

    async def renew(self, blog: str) -> bool:
        """Give a damaged blog new tags in place of lost ones. Return False if items of it are lost as well."""

    async def ask_for(self, blog: str) -> None:
        """Ask all nodes to put back what differs from their replica of a blog, by the hint `Lost` with `damaged`."""

    async def announce(self, blog: str, node: str) -> None:
        """Tell all nodes that follow a blog that desks of it are open at a node, by the hint `Watched`."""

    async def follow(self, blog: str) -> None:
        """Subscribe to hints of this blog: every commit after the return gives one."""

    async def unfollow(self, blog: str) -> None:
        """Unsubscribe from hints of this blog."""

    def hints(self) -> AsyncIterator[Hint]:
        """Iterate over the hints, for one consumer, until the store is closed."""
