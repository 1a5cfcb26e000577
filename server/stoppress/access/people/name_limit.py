"""The limit of passwords that are tried for one name, on all nodes together.

The limit by address does not stop somebody who has many addresses. This one does, and tells that somebody nothing: it
also counts names that nobody has. It would also lock out the owner of the name. So an address from which the name has
signed in before has a count of its own, which others cannot use up.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

from stoppress.store.accounts.port import Accounts, RecordWrite

WINDOW_SECONDS = 600

MAX_TRIES = 10
"""Maximum passwords for a name in a window, right ones included: so requests at the same time cannot pass together."""

_KNOWN_SECONDS = 30 * 24 * 3600
"""Seconds for which an address counts as one where the name has signed in, from its last sign-in."""

_KNOWN = "known_address"
"""The kind of the records of names and addresses."""


class NameLimit:
    """See the module's docstring. All methods raise `StoreUnavailable`.

    Args:
        accounts: count for all nodes.
        now: returns the store's time, as Unix time in seconds.
        is_on: False: there is no limit.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], float], *, is_on: bool) -> None:
        self._accounts = accounts
        self._now = now
        self._is_on = is_on

    async def take(self, name: str, address: str) -> int:
        """Count a try before the password is checked. Return 0, or the seconds to wait if there were too many."""
        if not self._is_on:
            return 0
        known = await self._accounts.get(_KNOWN, _digest(name, address))
        counter = f"passwords {_digest(name, address if known else '')}"
        tries = await self._accounts.count(counter, WINDOW_SECONDS)
        return max(1, math.ceil(tries.resets_in)) if tries.events > MAX_TRIES else 0

    async def succeeded(self, name: str, address: str) -> None:
        """Remember that a name has signed in from an address."""
        if self._is_on:
            ends = self._now() + _KNOWN_SECONDS
            await self._accounts.write([RecordWrite(_KNOWN, _digest(name, address), b"", None, ends)])


def _digest(name: str, address: str) -> str:
    return hashlib.sha256(f"{address} {name}".encode(errors="surrogatepass")).hexdigest()[:32]
