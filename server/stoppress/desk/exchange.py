"""What nodes tell each other of a blog while desks of it are open: small records in the store that end by themselves.

Each node writes records of its own, at most twice a second and only after a change, and reads those of all nodes once
a second for each blog of which it has open desks. Without open desks there is no command. An embedded store has one
node, so nothing is exchanged.
"""

from __future__ import annotations

import hashlib
import time

from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Store

RECORD_SECONDS = 35.0
"""Time after which the record of a node that was killed ends."""

RENEW_SECONDS = 8.0
"""Time after which a record is written again."""

_SETTLE_SECONDS = 0.9
"""Shortest time between two writes of a record of which no change is urgent."""


class Exchange:
    """See the module's docstring.

    Args:
        store: keeps the records.
        node: the name of this node, which no other one has.
    """

    def __init__(self, store: Store, node: str) -> None:
        self.node = node
        self.is_on = store.nodes_share_it
        """Whether there can be other nodes."""
        self._store = store
        self._written: dict[str, dict[str, tuple[float, bytes]]] = {}  # by blog and part: when, and what

    def blogs(self) -> list[str]:
        """Return the blogs of which this node has records in the store."""
        return list(self._written)

    def has_written(self, blog: str) -> bool:
        """Return whether this node has a record of a blog in the store."""
        return blog in self._written

    async def tell(self, blog: str, part: str, body: bytes | None, now: float, is_urgent: bool = False) -> None:
        """Write a record of this node, if it is due; None removes it.

        Args:
            blog: the blog.
            part: what it is about.
            body: the record.
            now: the store's time, as Unix time in seconds.
            is_urgent: whether to write it at once. Otherwise a body that changes is written about once a second, and
                one that does not change sometimes, so that it does not end.

        Raises:
            StoreUnavailable
        """
        known = self._written.get(blog, {}).get(part)
        if body is None and known is None:
            return
        if body is not None and known is not None and not is_urgent:
            passed = time.monotonic() - known[0]
            if passed < (RENEW_SECONDS if body == known[1] or part == "people" else _SETTLE_SECONDS):
                return
        record = RecordWrite(_kind(blog), f"{part} {self.node}", body, None, now + RECORD_SECONDS)
        await self._store.accounts.write([record])
        self._note(blog, part, body)

    def _note(self, blog: str, part: str, body: bytes | None) -> None:
        parts = self._written.setdefault(blog, {})
        if body is None:
            parts.pop(part, None)
        else:
            parts[part] = time.monotonic(), body
        if not parts:
            del self._written[blog]

    async def read(self, blog: str) -> dict[str, dict[str, bytes]]:
        """Return the records of the other nodes for a blog, by part and node. Raises `StoreUnavailable`."""
        found: dict[str, dict[str, bytes]] = {}
        for record in await self._store.accounts.records(_kind(blog)):
            part, _, node = record.id.partition(" ")
            if node != self.node:
                found.setdefault(part, {})[node] = record.body
        return found

    async def announce(self, blog: str) -> None:
        """Ask the other nodes for their figures of a blog. Raises `StoreUnavailable`."""
        await self._store.announce(blog, self.node)


def _kind(blog: str) -> str:
    """Return the kind of the records of a blog. A list has all records of a kind, and a kind is made of letters."""
    number = int.from_bytes(hashlib.sha256(blog.encode()).digest()[:15])
    letters = ""
    for _ in range(25):
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return f"desk_{letters}"
