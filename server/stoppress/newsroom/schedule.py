"""Publication of scheduled entries, and retraction of entries that expire. All nodes look; the first one acts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from stoppress.errors import BlogDamaged, Conflict, StoreUnavailable
from stoppress.newsroom.entries import Entries
from stoppress.store.port import Store
from stoppress.tasks import end
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.counts import Counts

_POLL_INTERVAL_SECONDS = 0.5
"""Seconds between two checks for entries that are due."""

_RETRY_SECONDS = 5.0
"""Seconds until the next look at a blog with an entry that could not be published."""

log = logging.getLogger("stoppress.schedule")


async def publish_when_due(
    store: Store, entries: Entries, now: Callable[[], float] = time.time, errors: BlogErrors | None = None
) -> None:
    """Publish scheduled entries, and retract those that expire, when they are due, until cancelled.

    `now` returns the time, as Unix time in seconds.

    Each blog has a task of its own, so that a damaged one, whose repair takes seconds, does not hold up the others.
    """
    errors = errors or BlogErrors(Counts())
    tasks: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            try:
                due = await store.due(now())
                errors.clear("", "schedule")
            except Exception as error:  # whatever it is, the next look may succeed
                errors.report("", "schedule", error)
                due = []
            tasks = {blog: task for blog, task in tasks.items() if not task.done()}
            for blog in {blog for blog, _ in due} - tasks.keys():
                ids = [entry_id for name, entry_id in due if name == blog]
                tasks[blog] = asyncio.create_task(_publish_all(entries, errors, blog, ids))
            await asyncio.sleep(_POLL_INTERVAL_SECONDS)
    finally:
        await end(tasks.values())


async def _publish_all(entries: Entries, errors: BlogErrors, blog: str, ids: Sequence[str]) -> None:
    """Publish or retract entries of a blog. This lasts for a while longer if that fails for one."""
    published = [await _publish(entries, errors, blog, entry_id) for entry_id in ids]
    if all(published):
        errors.clear(blog, "schedule")
    else:
        await asyncio.sleep(_RETRY_SECONDS)


async def _publish(entries: Entries, errors: BlogErrors, blog: str, entry_id: str) -> bool:
    """Publish or retract an entry. Return False if that fails for a reason that concerns only it or its blog."""
    try:
        await entries.come_due(blog, entry_id)
    except Conflict as error:  # another node or an editor was faster
        log.info("not_published_here", extra={"blog": blog, "entry": entry_id, "error": str(error)})
    except Exception as error:  # whatever it is, it stays with its blog
        errors.report(blog, "schedule", error)
        return isinstance(error, StoreUnavailable) and not isinstance(error, BlogDamaged)
    return True
