"""What follows from the times of those who had no trouble themselves."""

from __future__ import annotations

from collections.abc import Mapping

from stoppress.tools.swarm.histogram import FineHistogram

BUSY_SECONDS = 0.15
"""A p99 above it before anything has happened is that of a machine with too much to do: twice of it says nothing."""


def verdict(before: FineHistogram, during: FineHistogram, wrong: Mapping[str, int], *, is_kept: bool) -> bool | None:
    """Whether everything promised was kept, and the p99 at most doubled. None if that cannot be told, and says so.

    Args:
        before: times before it happened.
        during: times while it happened.
        wrong: what must not be on any machine.
        is_kept: whether what else was promised was kept.
    """
    if wrong:
        return False
    if before.percentile(99) > BUSY_SECONDS:
        print("too busy before it began to tell: fewer readers or writes")
        return None
    return is_kept and len(before) > 0 and len(during) > 0 and during.percentile(99) <= 2 * before.percentile(99)
