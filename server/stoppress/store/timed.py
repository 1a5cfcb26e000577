"""Measure a store: how long each operation takes, how often it fails, and a span for each commit."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from stoppress.errors import StoreUnavailable
from stoppress.store.port import Store
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

_P = ParamSpec("_P")
_T = TypeVar("_T")

_OPERATIONS = [
    name
    for name, method in vars(Store).items()
    if inspect.iscoroutinefunction(method) and name not in ("open", "close")
]


def timed(store: Store, counts: Counts, tracing: Tracing) -> Store:
    """Return the store itself, after replacing each of its operations by one that measures it."""
    for name in _OPERATIONS:
        counts.store_errors[name] += 0  # Prometheus does not see the step from nothing to 1
        setattr(store, name, _timed(getattr(store, name), name, counts, tracing))
    return store


def _timed(
    operation: Callable[_P, Awaitable[_T]], name: str, counts: Counts, tracing: Tracing
) -> Callable[_P, Awaitable[_T]]:
    @wraps(operation)
    async def measured(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        began = time.monotonic()
        span = tracing.span("stoppress.commit", blog=str(args[0])) if name == "commit" else nullcontext()
        try:
            with span:
                return await operation(*args, **kwargs)
        except (StoreUnavailable, TimeoutError):
            counts.store_errors[name] += 1
            raise
        finally:
            counts.store[name].add(time.monotonic() - began)

    return measured
