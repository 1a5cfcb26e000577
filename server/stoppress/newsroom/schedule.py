"""Publication of scheduled entries at their time. All nodes look; the first one publishes."""

from __future__ import annotations

import asyncio
import logging
import time

from stoppress.errors import Conflict
from stoppress.newsroom.entries import Entries
from stoppress.store.port import Store
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.counts import Counts

_POLL_INTERVAL_SECONDS = 0.5
"""Seconds between two checks for entries that are due."""

log = logging.getLogger("stoppress.schedule")


async def publish_when_due(store: Store, entries: Entries, errors: BlogErrors | None = None) -> None:
    """Publish scheduled entries when they are due, until cancelled."""
    errors = errors or BlogErrors(Counts())
    while True:
        try:
            for blog, entry_id in await store.due(time.time()):
                await _publish(entries, errors, blog, entry_id)
            errors.clear("", "schedule")
        except Exception as error:  # whatever it is, the next look may succeed
            errors.report("", "schedule", error)
        await asyncio.sleep(_POLL_INTERVAL_SECONDS)


async def _publish(entries: Entries, errors: BlogErrors, blog: str, entry_id: str) -> None:
    try:
        await entries.publish_scheduled(blog, entry_id)
    except Conflict as error:  # another node or an editor was faster
        log.info("not_published_here", extra={"blog": blog, "entry": entry_id, "error": str(error)})
    except Exception as error:  # whatever it is, it stays with its blog
        errors.report(blog, "schedule", error)
    else:
        errors.clear(blog, "schedule")
