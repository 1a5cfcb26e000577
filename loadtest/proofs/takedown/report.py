"""Takedown: from one second after a retraction was answered, no surface of any node has the entry (P5)."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from loadtest.proofs.takedown.measure import Load, TakedownFigures, measure
from loadtest.proofs.takedown.stores import STORES
from stoppress.errors import StoppressError

FAILURES = (RuntimeError, AssertionError, OSError, TimeoutError, httpx.HTTPError, StoppressError, SystemExit)
"""What ends a measurement without a result."""


async def takedown(readers: int, publish: float, stores: Sequence[str] = (), tries: int = 200) -> bool:
    """Measure retractions with each store and print a line for each. Return whether all were in time.

    Args:
        readers: WebSocket readers, spread over the nodes of a store.
        publish: writes a second, in addition to the tries.
        stores: names in `STORES`; all of them if there are none.
        tries: for each store.
    """
    is_kept = True
    for name in stores or STORES:
        try:
            figures = await measure(name, Load(readers, publish, tries))
        except* FAILURES as error:
            print(f"{name}: no result: {_first(error)!r}", flush=True)
            is_kept = False
        else:
            print(f"{name}: {line(figures)}", flush=True)
            is_kept = is_kept and figures.is_kept
    return is_kept


def line(figures: TakedownFigures) -> str:
    """Return the line that a store gets."""
    p50, p99 = (figures.percentile(percent) * 1000 for percent in (50, 99))
    seconds, last = figures.slowest
    at_once = len(figures.takedowns) - figures.delayed
    parts = (
        f"{len(figures.takedowns)} tries, gone after p50 {p50:.0f}, p99 {p99:.0f}, max {seconds * 1000:.0f} ms",
        f"the last was {last}",
        f"readers told within {figures.told.percentile(100) * 1000:.0f} ms",
        f"{figures.refused} requests refused, {at_once} tries answered before there was room" * bool(figures.refused),
        f"wrong: {figures.wrong}" * bool(figures.wrong),
        f"this process late by up to {figures.late * 1000:.0f} ms",
    )
    return f"{'; '.join(filter(None, parts))}: {'kept' if figures.is_kept else 'NOT KEPT'}"


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
