"""Server-sent events, as a reader of the surface `events` gets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx


class Event(dict[str, str]):
    """One server-sent event: its fields."""

    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self["data"])
        return data


@asynccontextmanager
async def listening(
    reader: httpx.AsyncClient, blog: str, since: str | None = None, last: str | None = None, **params: str
) -> AsyncIterator[AsyncIterator[Event]]:
    """Open a stream and yield its events, for `upcoming`."""
    params |= {} if since is None else {"since": since}
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    async with reader.stream("GET", f"/blogs/{blog}/events", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in answer.headers

        async def events() -> AsyncIterator[Event]:
            event = Event()
            async for line in answer.aiter_lines():
                if not line:
                    yield event
                    event = Event()
                else:
                    name, _, value = line.partition(": ")
                    assert name not in event, "a field came twice"
                    event[name] = value

        yield events()


async def upcoming(events: AsyncIterator[Event], kind: str = "update") -> Event:
    """Return the next event of a kind, within half a minute."""
    async with asyncio.timeout(60):
        async for event in events:
            if event["event"] == kind:
                return event
    raise AssertionError(f"the stream ended without {kind}")
