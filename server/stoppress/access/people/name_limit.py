"""The limit of passwords that are tried for one name, on all nodes together.

The limit by address does not stop somebody who has many addresses. This one does, and tells that somebody nothing: it
also counts names that nobody has. It would also lock out the owner of the name. So an address from which the name has
signed in before has a count of its own, which others cannot use up.
"""

from __future__ import annotations

import hashlib
import math

from stoppress.store.accounts.port import Accounts

WINDOW_SECONDS = 600

MAX_TRIES = 10
"""Maximum passwords for a name in a window, right ones included: so requests at the same time cannot pass together."""

_KNOWN_SECONDS = 30 * 24 * 3600
"""Seconds for which an address counts as one where the name has signed in, from its first sign-in."""


class NameLimit:
    """See the module's docstring. All methods raise `StoreUnavailable`.

    Args:
        accounts: count for all nodes.
        is_on: False: there is no limit.
    """

    def __init__(self, accounts: Accounts, *, is_on: bool) -> None:
        self._accounts = accounts
        self._is_on = is_on

    async def take(self, name: str, address: str) -> int:
        """Count a try before the password is checked. Return 0, or the seconds to wait if there were too many."""
        if not self._is_on:
            return 0
        known = await self._accounts.count(_counter("signed in", name, address), _KNOWN_SECONDS, 0)
        counter = _counter("passwords", name, address if known.events else "")
        tries = await self._accounts.count(counter, WINDOW_SECONDS)
        return max(1, math.ceil(tries.resets_in)) if tries.events > MAX_TRIES else 0

    async def succeeded(self, name: str, address: str) -> None:
        """Remember that a name has signed in from an address."""
        if self._is_on:
            await self._accounts.count(_counter("signed in", name, address), _KNOWN_SECONDS)


def _counter(what: str, name: str, address: str) -> str:
    digest = hashlib.sha256(f"{address} {name}".encode(errors="surrogatepass")).hexdigest()
    return f"{what} {digest[:32]}"
