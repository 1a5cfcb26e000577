"""Passwords as argon2id hashes. A hash takes a while and much memory, so only a few are computed at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stoppress.errors import TooManySignIns

MIN_LENGTH, MAX_LENGTH = 12, 200
"""Characters of a password."""

_AT_A_TIME = 2
"""Hashes that a node computes at the same time, each in a thread and with 19 MB of memory."""

_MAX_WAITING = 30
"""Maximum passwords that wait for a thread: about a second of work."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""One of the sets of parameters that OWASP recommends: about 30 ms for a hash."""

NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$cZtFVcxmZ1jZ8iGabIWFVg$mXH2KD+mlB0nk/Wgklgz8ICbt0kYqc/7i+9hqY6vkvs"
"""The hash of a random password that was thrown away."""

_T = TypeVar("_T")


class Passwords:
    """Hashes and checks passwords. Both raise `TooManySignIns` if too many wait for a thread already."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_A_TIME, "passwords")
        self._begun = 0

    async def hashed(self, password: str) -> str:
        """Return a hash of a password, with a salt of its own."""
        return await self._run(lambda: _HASHER.hash(password))

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """Return whether a password has a hash. Without a hash, return False, and take as long."""
        is_right = await self._run(lambda: _is_right(password, hashed or NOBODYS_HASH))
        return is_right and hashed is not None

    def close(self) -> None:
        """End the threads, without waiting for those at work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        if self._begun >= _AT_A_TIME + _MAX_WAITING:
            raise TooManySignIns()
        self._begun += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._begun -= 1


def _is_right(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
