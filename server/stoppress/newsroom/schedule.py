"""Publication of scheduled entries at their time. All nodes look; the first one publishes."""

from __future__ import annotations

import asyncio
import logging
import time

from stoppress.errors import StoppressError, StoreUnavailable
from stoppress.newsroom.entries import Entries
from stoppress.store.port import Store

_POLL_INTERVAL_SECONDS = 0.5
"""Seconds between two checks for entries that are due."""

log = logging.getLogger("stoppress.schedule")


async def publish_when_due(store: Store, entries: Entries) -> None:
    """Publish scheduled entries when they are due, until cancelled."""
    while True:
        try:
            for blog, entry_id in await store.due(time.time()):
                await _publish(entries, blog, entry_id)
        except StoreUnavailable as error:
            log.warning("cannot_look_for_scheduled_entries", extra={"error": str(error)})
        await asyncio.sleep(_POLL_INTERVAL_SECONDS)


async def _publish(entries: Entries, blog: str, entry_id: str) -> None:
    try:
        await entries.publish_scheduled(blog, entry_id)
    except StoreUnavailable:
        raise
    except StoppressError as error:  # another node or an editor was faster
        log.info("not_published_here", extra={"blog": blog, "entry": entry_id, "error": str(error)})
