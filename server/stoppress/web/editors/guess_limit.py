"""The limit of wrong secrets from an address, on all nodes together.

An address that has sent too many is refused whatever it sends next: if a right key still worked, then the limit would
not slow down guessing. But a key that has worked from this address before goes on working, so a program with a wrong
key does not lock out its neighbours. This tells nothing to those who guess, because they do not have that key.

Nodes count in the store. Each node also counts for itself, so a store that does not answer does not lift the limit, and
requests that arrive at the same time cannot pass it together.

Readers' tokens have a limit of their own, which works the other way round: a node looks at a token first, without
asking the store, and counts those that nobody can have signed. See `GuessLimit.count`.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress

from starlette.requests import Request

from stoppress.errors import StoreUnavailable
from stoppress.store.accounts.port import Accounts, Counted
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.problems import HTTPError
from stoppress.wire.messages import Retry

WINDOW_SECONDS = 60

_PROVEN_SECONDS = 12 * 3600.0
"""Seconds after its last use for which a key counts as one that has worked from an address."""

_MAX_PROVEN = 10_000

_MAX_ADDRESSES = 10_000
"""Maximum addresses that a node counts for itself."""


_SPREAD_MILLISECONDS = 10_000
"""Readers that have to wait come back within this time after the window has ended."""


class TooManyGuesses(HTTPError):
    """An address has sent too many wrong secrets: 429. `retry` says when a reader may come back."""

    def __init__(self, what: str, seconds: int) -> None:
        detail = f"Too many wrong {what}s came from your address. Wait {seconds} s, and check the {what}."
        super().__init__(429, detail, {"retry-after": str(seconds)})
        self.retry = Retry(min=seconds * 1_000, max=seconds * 1_000 + _SPREAD_MILLISECONDS)


class _Window:
    """The wrong secrets from one address, as this node knows them."""

    __slots__ = ("ends", "events")

    def __init__(self, ends: float) -> None:
        self.events = 0
        self.ends = ends


class GuessLimit:
    """See the module's docstring.

    Args:
        per_minute: maximum wrong secrets from an address a minute; 0: no limit.
        accounts: count for all nodes.
        addresses: finds the address of a request.
        counts: counts the refused requests.
        what: the kind of secret, in words. Each kind has counters of its own.
        clock: returns seconds from any starting point.
    """

    def __init__(
        self,
        per_minute: int,
        accounts: Accounts,
        addresses: Addresses,
        counts: Counts,
        what: str = "key",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute = per_minute
        self._accounts = accounts
        self._addresses = addresses
        self._counts = counts
        self._what = what
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._proven: OrderedDict[bytes, float] = OrderedDict()
        self._pending: Counter[bytes] = Counter()
        self._salt = secrets.token_bytes(16)

    def attempt(self, request: Request, secret: str) -> Attempt:
        """Return the attempt of a request to use a secret. Call `begin` before the secret is checked."""
        headers = (",".join(request.headers.getlist(name)) for name in ("x-forwarded-for", "forwarded"))
        address = self._addresses.group(request.client.host if request.client else "", *headers)
        proof = hashlib.blake2b(f"{address} {secret}".encode(errors="surrogateescape"), key=self._salt, digest_size=16)
        return Attempt(self, address, proof.digest())

    async def count(self, request: Request, secret: str) -> None:
        """Count a secret that is known to be wrong. It costs no command of the store once the address has too many.

        Raises:
            TooManyGuesses: the address had too many before.
        """
        attempt = self.attempt(request, secret)
        await attempt.begin()
        await attempt.wrong()

    def is_proven(self, proof: bytes) -> bool:
        """Return whether a secret has worked from an address lately; only then there is nothing to count."""
        return not self._per_minute or self._proven.get(proof, 0.0) > self._clock()

    def prove(self, proof: bytes) -> None:
        """Remember that a secret has worked from an address."""
        self._proven[proof] = self._clock() + _PROVEN_SECONDS
        self._proven.move_to_end(proof)
        if len(self._proven) > _MAX_PROVEN:
            self._proven.popitem(last=False)

    async def take(self, address: str, proof: bytes) -> None:
        """Count an attempt of which it is unknown whether it is wrong. Raises `TooManyGuesses`.

        The same secret is one attempt, however many requests bring it at the same time.
        """
        window = self._window(address)
        if window.events >= self._per_minute and not self._pending[proof]:
            raise self._refusal(window)
        window.events += not self._pending[proof]
        self._pending[proof] += 1
        counted = Counted(0, 0.0)
        try:
            with suppress(StoreUnavailable):  # this node's own count is still a limit
                counted = await self._accounts.count(self._counter(address), WINDOW_SECONDS, 0)
        except BaseException:
            self.give_back(address, proof)
            raise
        if counted.events >= self._per_minute:
            self._end(proof)
            self._learn(address, counted)
            raise self._refusal(self._window(address))

    def _refusal(self, window: _Window) -> TooManyGuesses:
        wait = max(1, math.ceil(window.ends - self._clock()))
        self._counts.count_rejection("too_many_guesses")
        return TooManyGuesses(self._what, wait)

    def give_back(self, address: str, proof: bytes) -> None:
        """Take back an attempt that was not wrong."""
        self._end(proof)
        if proof not in self._pending:
            window = self._window(address)
            window.events = max(0, window.events - 1)

    async def count_wrong(self, address: str, proof: bytes) -> None:
        """Tell all nodes of an attempt that was wrong; this node has counted it."""
        self._end(proof)
        self._proven.pop(proof, None)
        if not self._per_minute:
            return
        with suppress(StoreUnavailable):  # this node's own count is still a limit
            self._learn(address, await self._accounts.count(self._counter(address), WINDOW_SECONDS))

    def _counter(self, address: str) -> str:
        return f"wrong {self._what}s from {address[:100]}"

    def _end(self, proof: bytes) -> None:
        self._pending[proof] -= 1
        if self._pending[proof] <= 0:
            del self._pending[proof]

    def _learn(self, address: str, counted: Counted) -> None:
        """Take over the count of all nodes if it is higher."""
        window = self._window(address)
        if counted.events > window.events:
            window.events, window.ends = counted.events, self._clock() + counted.resets_in

    def _window(self, address: str) -> _Window:
        window, now = self._windows.get(address), self._clock()
        if window is None or window.ends <= now:
            window = self._windows[address] = _Window(now + WINDOW_SECONDS)
            self._windows.move_to_end(address)
            if len(self._windows) > _MAX_ADDRESSES:
                self._windows.popitem(last=False)
        return window


class Attempt:
    """One attempt to use a secret. `begin` comes first, then one of `right`, `wrong` and `unknown`."""

    def __init__(self, limit: GuessLimit, address: str, proof: bytes) -> None:
        self.address = address
        self._limit = limit
        self._proof = proof
        self._is_proven = limit.is_proven(proof)

    async def begin(self) -> None:
        """Raise `TooManyGuesses` if the address has sent too many wrong secrets."""
        if not self._is_proven:
            await self._limit.take(self.address, self._proof)

    def right(self) -> None:
        """Say that the secret was right."""
        self.unknown()
        self._limit.prove(self._proof)

    def unknown(self) -> None:
        """Say that the secret could not be checked."""
        if not self._is_proven:
            self._limit.give_back(self.address, self._proof)

    async def wrong(self) -> None:
        """Say that the secret was wrong."""
        await self._limit.count_wrong(self.address, self._proof)
