"""The contract of a store. One test suite holds every store to it.

A store keeps, for each blog, its items (`model.Item`) and its line of changes: a tag for every seq. It knows
nothing of what is in a body. Every method may raise `StoreUnavailable`; it then has written nothing, or, if
the connection broke in the middle of a commit, all of it or nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from stoppress.model import START, Cursor, Item, Segment

REMEMBER_SECONDS = 24 * 3600
"""How long an answer to an Idempotency-Key is remembered."""


class Write(NamedTuple):
    """One item's next state. The store gives it version `expected + 1`."""

    id: str
    expected: int
    """The version that the store must hold; 0: it must not have the item."""
    body: bytes | None
    """None removes the item; only drafts can be removed."""
    visible: bool = True
    """Whether readers may see it: it takes a seq and a tag. What was visible once stays visible."""
    due: float | None = None
    """For a scheduled entry: when it is to be published, Unix time in seconds."""
    erase: bool = False
    """Whether nothing of the item's earlier bodies may stay: remembered answers get this body in their place."""


class Once(NamedTuple):
    """A request that may come again: its Idempotency-Key, scoped to its sender, and a digest of it."""

    key: str
    fingerprint: str


class Sent(NamedTuple):
    """What a change says of its way here."""

    at: float
    """When it was sent to the store, Unix time in seconds by the clock of the node that did."""
    traceparent: str = ""
    """The trace that it belongs to, if any."""


class Changed(NamedTuple):
    """A hint: this was committed to a blog, perhaps by another node. It may come late, twice or never."""

    blog: str
    change: Segment
    sent: Sent | None = None


class Lost(NamedTuple):
    """A hint: changes may have been missed, of this blog or (None) of all. Compare heads with the store."""

    blog: str | None


Hint = Changed | Lost


class Store(Protocol):
    """See the module's docstring."""

    nodes_share_it: bool
    """Whether other processes write to it too, so that heads must be compared now and then."""

    async def open(self) -> None:
        """Connect, and create or migrate what is needed.

        Raises:
            StartError: it cannot be used; the message is for the person who starts the node.
        """

    async def close(self) -> None:
        """Let go of everything; more than once does no harm."""

    async def ping(self) -> None:
        """Return if the store could take a write now; otherwise raise `StoreUnavailable`."""

    async def commit(self, blog: str, writes: Sequence[Write], once: Once | None = None) -> Segment:
        """Write all or nothing; what is returned is durable.

        The visible writes get consecutive seqs in the order given, and a new tag each. A visible write of
        `model.HEADER` that expects 0 makes the blog. If `once.key` was used before with the same fingerprint,
        nothing is written and the first commit's segment is returned again. Committed drafts are in the
        segment with seq 0, removed ones with an empty body. All nodes that follow the blog get a hint.

        Raises:
            BlogNotFound: it does not exist, and this does not make it.
            VersionConflict: an item has another version than expected.
            KeyReused: `once.key` was used before with another fingerprint.
        """

    async def recall(self, blog: str, once: Once) -> Segment | None:
        """What was committed under `once`, or None. Raises `KeyReused` as `commit` does."""

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        """The line after a cursor, to the head, as of one moment; the whole blog if the cursor is unknown.

        Raises:
            BlogNotFound
        """

    async def item(self, blog: str, item_id: str) -> Item | None:
        """One item, drafts included. Raises `BlogNotFound`."""

    async def drafts(self, blog: str) -> list[Item]:
        """All items with seq 0, by id. Raises `BlogNotFound`."""

    async def blogs(self) -> list[str]:
        """The names of all blogs, sorted."""

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        """The newest cursor of each blog, None where there is none."""

    async def due(self, now: float) -> list[tuple[str, str]]:
        """The (blog, entry id) of the scheduled entries whose time has come, at most 100."""

    async def delete(self, blog: str) -> None:
        """Remove a blog with all that belongs to it. Raises `BlogNotFound`."""

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        """Whether the line of changes that began with this tag was deleted by an editor, not lost by the store."""

    async def restore(self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = ()) -> bool:
        """Put back what the store has lost: visible items and tags after `head`, as they were.

        The bodies of the items named in `retracted` replace those in remembered answers, as `Write.erase` does.

        Returns False, having written nothing, if the store's head is not `head` (START: no such blog), or if
        an editor has deleted the blog.
        """

    async def follow(self, blog: str) -> None:
        """Get hints of this blog's changes from now on, for every commit after this returns."""

    async def unfollow(self, blog: str) -> None: ...

    def hints(self) -> AsyncIterator[Hint]:
        """The hints, for one consumer. Ends only when the store is closed."""
