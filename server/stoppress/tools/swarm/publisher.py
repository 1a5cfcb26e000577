"""The editor of a swarm: it writes at a given rate, and repeats writes that get no answer."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from stoppress.errors import StoppressError
from stoppress.tools.swarm.plan import Target

_EDITS, _RETRACTIONS = 0.2, 0.05
"""Shares of the writes. All others are new entries."""

_REMEMBERED = 200
"""The number of newest entries that may be edited or retracted."""

_MAX_OPEN = 64
"""Limit of writes that wait for an answer. Above it, writes are skipped."""

_ANSWER_SECONDS = 10.0
_RETRY_SECONDS = 0.5

_TEXT = "The spokesman said that talks would go on **tonight**, and that nobody had agreed to anything yet. " * 3


class Drafts:
    """Chooses the next write: usually a new entry, sometimes an edit or a retraction of a recent one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._entries: list[str] = []

    def published(self, entry: str) -> None:
        """Remember the id of a new entry."""
        self._entries = [*self._entries, entry][-_REMEMBERED:]

    def next(self) -> tuple[str, str, dict[str, Any]]:
        """Return a method, an address and a body. The body contains the time of the write."""
        stamp, chance = f"swarm-{time.time_ns()}", random.random()  # noqa: S311, no secret
        if self._entries and chance < _RETRACTIONS:
            entry = self._entries.pop(random.randrange(len(self._entries)))  # noqa: S311, no secret
            return "DELETE", f"{self._path}/entries/{entry}", {"note": stamp}
        entry_body = {"markdown": _TEXT, "tags": [stamp], "source": {"name": "The swarm"}}
        if self._entries and chance < _RETRACTIONS + _EDITS:
            # Entries that are being retracted are no longer in the list
            return "PATCH", f"{self._path}/entries/{random.choice(self._entries)}", entry_body  # noqa: S311, no secret
        return "POST", f"{self._path}/entries", {"title": f"News of {time.strftime('%H:%M:%S')}", **entry_body}


class Publisher:
    """A client of the editors' API for one blog.

    Args:
        target: the server and the blog.
        key: an editor's key.
        rate: writes per second.
        learn: called with the body of each answer.
    """

    def __init__(self, target: Target, key: str, rate: float, learn: Callable[[bytes], None]) -> None:
        self.answered = self.repeated = self.left_out = 0
        self.failures: list[str] = []
        """Writes that failed twice."""
        self._path = f"/api/blogs/{target.path}"
        self._drafts = Drafts(self._path)
        self._rate = rate
        self._learn = learn
        self._http = httpx.AsyncClient(
            base_url=target.url,
            headers={b"authorization": f"Bearer {key}".encode()},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
            verify=target.tls or False,
        )

    async def make_blog(self) -> None:
        """Create the blog if it does not exist. Raise `StoppressError` if that fails."""
        try:
            only_new = {"if-none-match": "*"}
            answer = await self._http.put(self._path, json={"headline": "The swarm"}, headers=only_new)
        except httpx.HTTPError as error:
            raise StoppressError(
                f"cannot reach {self._http.base_url}: {error!r}; check the address and that the server is running"
            ) from None
        if not answer.is_success and answer.status_code != 412:
            raise StoppressError(f"the server did not create the blog ({answer.status_code}): {answer.text[:200]}")

    async def run(self) -> None:
        """Write until cancelled."""
        begun, planned = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            open_writes: set[asyncio.Task[None]] = set()
            while True:
                await asyncio.sleep(max(0.0, begun + planned / self._rate - time.monotonic()))
                planned += 1
                if len(open_writes) >= _MAX_OPEN:
                    self.left_out += 1
                    continue
                task = group.create_task(self._write())
                open_writes.add(task)
                task.add_done_callback(open_writes.discard)

    async def close(self) -> None:
        await self._http.aclose()

    async def _write(self) -> None:
        method, path, body = self._drafts.next()
        key = str(uuid.uuid4())
        answer = await self._attempt(method, path, body, key)
        if answer is None or answer.status_code >= 500:
            await asyncio.sleep(_RETRY_SECONDS)
            self.repeated += 1
            answer = await self._attempt(method, path, body, key)
        if answer is not None and answer.is_success:
            self.answered += 1
            self._learn(answer.content)
            if method == "POST":
                self._drafts.published(answer.json()["id"])
        elif len(self.failures) < 1_000:
            self.failures.append(f"{method} {path}: {'no answer' if answer is None else answer.text[:200]}")

    async def _attempt(self, method: str, path: str, body: dict[str, Any], key: str) -> httpx.Response | None:
        try:
            return await self._http.request(method, path, json=body, headers={"idempotency-key": key})
        except httpx.HTTPError:
            return None
