"""A store that is watched: how long each operation takes, how often it fails, and a span for each in a trace."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from stoppress.errors import StoreUnavailable
from stoppress.store.port import Store
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

OPERATIONS = "ping commit recall read item drafts blogs heads due delete was_deleted restore follow unfollow".split()
"""Those of `port.Store` that ask the store something."""


def watched(store: Store, counts: Counts, tracing: Tracing) -> Store:
    """The same store, watched."""
    return cast(Store, _Watched(store, counts, tracing))


class _Watched:
    def __init__(self, store: Store, counts: Counts, tracing: Tracing) -> None:
        self._store = store
        self._counts = counts
        self._tracing = tracing
        for operation in OPERATIONS:
            setattr(self, operation, self._timed(operation, getattr(store, operation)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _timed(self, operation: str, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        histogram, errors = self._counts.store[operation], self._counts.store_errors
        errors[operation] = 0  # Prometheus does not see the step from nothing to 1
        span = self._tracing.span if operation == "commit" else None

        async def timed(*arguments: Any) -> Any:
            began = time.monotonic()
            try:
                if span is None:
                    return await ask(*arguments)
                with span("stoppress.commit", blog=arguments[0]):
                    return await ask(*arguments)
            except (StoreUnavailable, TimeoutError):
                errors[operation] += 1
                raise
            finally:
                histogram.add(time.monotonic() - began)

        return timed
