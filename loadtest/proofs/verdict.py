"""The verdict of a proof, by the times of readers that had no trouble themselves."""

from __future__ import annotations

from collections.abc import Mapping

from stoppress.tools.swarm.histogram import FineHistogram

MAX_CALM_P99_SECONDS = 0.15
"""A higher p99 in calm times means that the machine is too busy: a doubling would prove nothing."""


def print_times(readers: str, event: str, before: FineHistogram, during: FineHistogram) -> None:
    """Print the p99 of readers before and during an event, and their ratio."""
    normal, then = before.percentile(99) * 1000, during.percentile(99) * 1000
    print(f"{readers}: p99 {normal:.1f} ms before, {then:.1f} ms {event}, ratio {then / normal if normal else 0:.2f}")


def verdict(before: FineHistogram, during: FineHistogram, wrong: Mapping[str, int], *, is_kept: bool) -> bool | None:
    """Return whether all promises were kept and the p99 at most doubled. Print why and return None if it is unclear.

    Args:
        before: times before the event.
        during: times during the event.
        wrong: faults that must not happen on any machine, by kind.
        is_kept: whether all other promises were kept.
    """
    print(f"wrong: {dict(wrong) or 'nothing'}")
    if wrong:
        return False
    if before.percentile(99) > MAX_CALM_P99_SECONDS:
        print("no result: the machine was too busy before the event. Use fewer readers or writes.")
        return None
    return is_kept and len(before) > 0 and len(during) > 0 and during.percentile(99) <= 2 * before.percentile(99)
