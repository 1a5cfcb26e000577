"""What nodes tell each other of a blog while desks of it are open: small records in the store that end by themselves.

Each node writes records of its own, at most twice a second and only after a change, and reads those of all nodes once
a second for each blog of which it has open desks. Without open desks there is no command. An embedded store has one
node, so nothing is exchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Store

RECORD_SECONDS = 35.0
"""Time after which the record of a node that was killed ends."""

RENEW_SECONDS = 8.0
"""Time after which a record is written again if nothing but times has changed."""


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
        self._accounts = store.accounts

    async def write(self, blog: str, parts: Mapping[str, bytes | None], now: float) -> None:
        """Write the records of this node for a blog, by name of the part; None removes one.

        Raises:
            StoreUnavailable
        """
        kind, ends = _kind(blog), now + RECORD_SECONDS
        writes = [RecordWrite(kind, f"{part} {self.node}", body, None, ends) for part, body in parts.items()]
        await self._accounts.write(writes)

    async def read(self, blog: str) -> dict[str, dict[str, bytes]]:
        """Return the records of the other nodes for a blog, by part and node. Raises `StoreUnavailable`."""
        found: dict[str, dict[str, bytes]] = {}
        for record in await self._accounts.records(_kind(blog)):
            part, _, node = record.id.partition(" ")
            if node != self.node:
                found.setdefault(part, {})[node] = record.body
        return found


def _kind(blog: str) -> str:
    """Return the kind of the records of a blog. A list has all records of a kind, and a kind is made of letters."""
    number = int.from_bytes(hashlib.sha256(blog.encode()).digest()[:15])
    letters = ""
    for _ in range(25):
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return f"desk_{letters}"
