"""The rate limit of handshakes, of a key's writes and of a reader's messages (the generic cell rate algorithm)."""

from __future__ import annotations

_ROUNDING_SECONDS = 1e-6


class RateLimit:
    """An allowance in seconds that grows with time up to a limit. Its only state is the time when it is full again.

    Each event costs some seconds: at a rate of 10 per second, one event costs 0.1. The class neither waits nor reads a
    clock.

    Args:
        burst_seconds: the limit of the allowance.
    """

    __slots__ = ("_burst_seconds", "_spent_until")

    def __init__(self, burst_seconds: float) -> None:
        self._burst_seconds = burst_seconds + _ROUNDING_SECONDS
        self._spent_until = 0.0

    def spend(self, cost: float, now: float) -> bool:
        """Spend `cost` seconds of the allowance and return True, or return False and spend nothing."""
        spent_until = max(now, self._spent_until) + cost
        if spent_until - now > self._burst_seconds:
            return False
        self._spent_until = spent_until
        return True

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until `cost` can be spent."""
        return max(0.0, self._spent_until + cost - self._burst_seconds - now)
