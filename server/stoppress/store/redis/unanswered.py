"""Commits without an answer: a timeout, or a connection that broke after the commit was sent.

Redis may have done such a commit, may do it later, or may never get it. The writer makes the tags of a change, so the
end of the history shows whether it was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from redis.exceptions import ResponseError

from stoppress.errors import StoreUnavailable
from stoppress.model import Segment
from stoppress.store.redis.format import Message, unpack_item
from stoppress.store.redis.server import RedisServer

_SETTLE_SECONDS = 2.0
"""Seconds for which to look whether a commit without an answer was done."""

_INTERVAL_SECONDS = 0.1
"""Seconds between two looks."""

_CHANGES_SINCE = 200
"""Maximum number of later changes after which a commit is still found."""


async def settled(
    server: RedisServer, blog: str, packed: bytes, commit: Callable[[], Awaitable[Any]], *, repeatable: bool
) -> Any:
    """Run the commit script and return its answer, also if the answer was lost on the way.

    Args:
        server: the server.
        blog: the name of the blog.
        packed: the writes as the script gets them.
        commit: runs the script.
        repeatable: whether the commit has an Idempotency-Key, so that it is done once however often it is sent.

    Raises:
        StoreUnavailable: the store failed; the message says so if the writes may have been done.
    """
    try:
        return await server.answer(commit())
    except StoreUnavailable as error:
        if isinstance(error.__cause__, ResponseError):
            raise  # an answer: nothing was written
        unanswered = error
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SETTLE_SECONDS
    while loop.time() < deadline:
        await asyncio.sleep(_INTERVAL_SECONDS)
        try:
            async with asyncio.timeout_at(deadline):
                answer = await (server.answer(commit()) if repeatable else _done(server, blog, packed))
        except (StoreUnavailable, TimeoutError):
            continue
        if answer is not None:
            return answer
    advice = "The write may have been done. Send it again with the same Idempotency-Key, if it had one."
    raise StoreUnavailable(f"{unanswered} {advice}") from unanswered


async def _done(server: RedisServer, blog: str, packed: bytes) -> list[bytes] | None:
    """Return the answer of the script if the store has the writes, else None."""
    segment = Message.unpack(b"0 " + packed).segment
    before = await (_before_tags(server, blog, segment) if segment.tags else _head_with_drafts(server, blog, segment))
    return None if before is None else [b"done", before + b" " + packed]


async def _before_tags(server: RedisServer, blog: str, segment: Segment) -> bytes | None:
    """Return the cursor before the change if its first tag is near the end of the history."""
    first = -len(segment.tags) - _CHANGES_SINCE
    cursors: Any = await server.answer(server.client.lrange(server.names.key(blog, "line"), first, -1))
    for before, cursor in zip([b"0", *cursors], cursors):  # noqa: B905, one is shorter
        if cursor.endswith(b"-" + segment.tags[0].encode()):
            return bytes(before)
    return None


async def _head_with_drafts(server: RedisServer, blog: str, segment: Segment) -> bytes | None:
    """Return the newest cursor if the store has all drafts as they were written, and none that was removed."""
    ids = [item.id for item in segment.items]
    values: Any = await server.answer(server.client.hmget(server.names.key(blog, "items"), ids))
    head: Any = await server.answer(server.client.lindex(server.names.key(blog, "line"), -1))
    for item, value in zip(segment.items, values, strict=True):
        if (value is None) != (not item.body) or (value is not None and unpack_item(item.id, value) != item):
            return None
    return None if head is None else bytes(head)
