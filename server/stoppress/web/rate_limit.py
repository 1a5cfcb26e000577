"""How often something may happen: handshakes, a key's writes, a reader's messages (the generic cell rate algorithm)."""

from __future__ import annotations

_ROUNDING_SECONDS = 1e-6


class RateLimit:
    """An allowance that fills with time and is saved up to a limit. All of its state is one moment.

    Everything costs seconds of the allowance: at 10 in a second, one costs 0.1. `spent_until` is when the allowance
    is full again. Nothing here waits or reads a clock.

    Args:
        burst_seconds: how much may be saved up.
    """

    __slots__ = ("_burst_seconds", "_spent_until")

    def __init__(self, burst_seconds: float) -> None:
        self._burst_seconds = burst_seconds + _ROUNDING_SECONDS
        self._spent_until = 0.0

    def spend(self, cost: float, now: float) -> bool:
        """Spend `cost` seconds of the allowance and return True, or return False and spend nothing."""
        spent_until = (max(now, self._spent_until)) + cost
        if spent_until - now > self._burst_seconds:
            return False
        self._spent_until = spent_until
        return True

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until `cost` can be spent."""
        return max(0.0, self._spent_until + cost - self._burst_seconds - now)
