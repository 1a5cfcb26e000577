"""Reads the public keys of readers' tokens from a file or an address, again and again, because keys are rotated.

An address may not be inside a network, except for `http` to this machine, where a program of the operator may serve the
keys. `fetch.py` has the other limits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from stoppress.access.fetch import FETCH_SECONDS, MAX_BYTES, LimitedClient, is_allowed, limited
from stoppress.access.key_set import TokenKeys, WrongKeySet
from stoppress.errors import StartError, StoreUnavailable

REFRESH_SECONDS = 300.0
"""Time between two reads."""

MIN_PAUSE_SECONDS = 10.0
"""Minimum time between two reads: after a token with an unknown key, and after a failure."""

log = logging.getLogger("stoppress.tokens")


class Jwks:
    """The keys of tokens, with public keys from a place that may change.

    Args:
        secret: the keys that do not change.
        place: a path or an address; empty: there are no public keys.

    Raises:
        StartError: the address is not allowed.
    """

    def __init__(self, secret: TokenKeys, place: str) -> None:
        self._secret = secret
        self._place = place
        self._keys: TokenKeys | None = None if place else secret
        self._wanted = asyncio.Event()
        self._is_address = "://" in place
        self._client = LimitedClient(may_be_inside=False)
        if self._is_address and not is_allowed(place):
            form = "https://HOST/PATH without a name or a password, or a path; http:// is for this machine only"
            raise StartError(f"STOPPRESS_TOKEN_JWKS={place[:100]}: use {form}")

    def keys(self) -> TokenKeys:
        """Return the keys of now. Raises `StoreUnavailable` if the public keys have not been read yet."""
        if self._keys is None:
            raise StoreUnavailable("This server has not been able to read the keys of tokens yet. Try again shortly.")
        return self._keys

    def unknown_key(self) -> None:
        """Read the keys again soon: a token names one that is not among them."""
        self._wanted.set()

    async def watch(self) -> None:
        """Read the keys regularly until cancelled. If that fails, the old ones stay."""
        if not self._place:
            return
        while True:
            self._wanted.clear()
            is_read = await self.refresh()
            began = time.monotonic()
            await asyncio.sleep(MIN_PAUSE_SECONDS)
            if is_read:
                try:
                    async with asyncio.timeout(REFRESH_SECONDS - (time.monotonic() - began)):
                        await self._wanted.wait()
                except TimeoutError:
                    pass

    async def read(self) -> TokenKeys:
        """Return the keys that the place has now. Raises `OSError` and `WrongKeySet`."""
        if not self._is_address:
            document = await asyncio.wait_for(asyncio.to_thread(_read, self._place), FETCH_SECONDS)
        else:
            status, document = await self._client.fetch(self._place)
            if status != 200:
                raise WrongKeySet(f"the answer has the status {status}; redirects are not followed")
        return await asyncio.to_thread(self._secret.with_public, document)

    async def refresh(self) -> bool:
        """Read the keys once. Return False if that failed."""
        try:
            keys = await self.read()
        except (OSError, WrongKeySet) as error:
            reason = str(error) or "it cannot be read in time"
            log.warning("cannot_read_token_keys", extra={"place": self._place, "error": reason[:300]})
            return False
        if keys != self._keys:  # the same object as long as nothing changes: results of checks belong to it
            self._keys = keys
        return True


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return limited(file.read(MAX_BYTES + 1))
