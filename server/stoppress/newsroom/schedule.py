"""Publication of scheduled entries at their time. All nodes look; the first one publishes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from stoppress.errors import BlogDamaged, Conflict, StoreUnavailable
from stoppress.newsroom.entries import Entries
from stoppress.store.port import Store
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.counts import Counts

_POLL_INTERVAL_SECONDS = 0.5
"""Seconds between two checks for entries that are due."""

_RETRY_SECONDS = 5.0
"""Seconds until the next attempt to publish an entry that could not be published."""

log = logging.getLogger("stoppress.schedule")


async def publish_when_due(
    store: Store, entries: Entries, now: Callable[[], float] = time.time, errors: BlogErrors | None = None
) -> None:
    """Publish scheduled entries when they are due by the clock `now` (Unix time in seconds), until cancelled."""
    errors = errors or BlogErrors(Counts())
    failed: dict[tuple[str, str], float] = {}  # entries that cannot be published, and when to try again
    while True:
        try:
            due = await store.due(now())
            failed = {one: failed[one] for one in due if one in failed}
            for one in due:
                if time.monotonic() >= failed.get(one, 0.0) and not await _publish(entries, errors, *one):
                    failed[one] = time.monotonic() + _RETRY_SECONDS
            errors.clear("", "schedule")
        except Exception as error:  # whatever it is, the next look may succeed
            errors.report("", "schedule", error)
        await asyncio.sleep(_POLL_INTERVAL_SECONDS)


async def _publish(entries: Entries, errors: BlogErrors, blog: str, entry_id: str) -> bool:
    """Publish an entry. Return False if that fails for a reason that concerns only this entry or its blog."""
    try:
        await entries.publish_scheduled(blog, entry_id)
    except Conflict as error:  # another node or an editor was faster
        log.info("not_published_here", extra={"blog": blog, "entry": entry_id, "error": str(error)})
    except Exception as error:  # whatever it is, it stays with its blog
        errors.report(blog, "schedule", error)
        return isinstance(error, StoreUnavailable) and not isinstance(error, BlogDamaged)
    else:
        errors.clear(blog, "schedule")
    return True
