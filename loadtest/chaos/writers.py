"""Editors that write at random through random nodes, repeat what fails, and log every attempt and answer."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx

from loadtest.chaos.log import CursorRead, RunLog, SurfaceRead, WriteAnswered, WriteSent
from loadtest.chaos.stage.servers import ChaosNode
from loadtest.server import KEY

BLOG = "chaos"

TOKEN = re.compile(r"tok\d+x")
"""The word that each write puts into its entry, with the number of the write."""

ANSWER_SECONDS = 4.0
RETRY_SECONDS = 0.15

KEYED_SHARE, IF_MATCH_SHARE, READ_SHARE = 0.7, 0.4, 0.3
"""Shares of writes with an Idempotency-Key, of edits with If-Match, and of answers whose cursor is read at once."""

KINDS = {"create": 45, "edit": 22, "retract": 12, "draft": 7, "publish": 7, "schedule": 3, "header": 4}
"""The weights of the kinds of writes."""


class Order(NamedTuple):
    """The text to write."""

    kind: str
    entry: str = ""
    if_match: int = 0
    due_in: float = 0.0
    is_keyed: bool = True


class Known(NamedTuple):
    """An entry as the editors saw it last."""

    id: str
    version: int
    status: str


class Retracted(NamedTuple):
    """A retraction that was answered."""

    entry: str
    answered_at: float


class _Attempt(NamedTuple):
    """The request of a write; all attempts of the write send the same."""

    number: int
    order: Order
    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


class Writers:
    """The editors of one blog.

    Args:
        nodes: through which they write.
        log: of the run.
        rng: decides what they write.
    """

    def __init__(self, nodes: list[ChaosNode], log: RunLog, rng: random.Random) -> None:
        self.nodes = nodes
        self.until = float("inf")
        """The time to give up on writes that fail, by `time.monotonic`."""
        self._log = log
        self._rng = rng
        self._numbers = itertools.count(1)
        self.retracted: asyncio.Queue[Retracted] = asyncio.Queue()
        """Retractions whose surfaces nobody has looked at yet."""
        self.max_entries = 1_000
        """Beyond it, entries are edited instead of written."""
        self._is_stopped = False
        self._entries: dict[str, Known] = {}
        self._created: dict[str, _Attempt] = {}
        headers = {"authorization": f"Bearer {KEY}"}
        self.http = httpx.AsyncClient(headers=headers, timeout=ANSWER_SECONDS, trust_env=False, verify=False)  # noqa: S501, loopback

    async def run(self, pause: float) -> None:
        """Write one after the other, with random pauses of `pause` seconds on average, until `stop`."""
        while not self._is_stopped:
            await self.write(self._order())
            await asyncio.sleep(self._rng.uniform(0, 2 * pause))

    def stop(self) -> None:
        """Let `run` end after the writes that have begun."""
        self._is_stopped = True

    def known(self, *statuses: str) -> list[Known]:
        """Return the entries with one of the statuses."""
        return [entry for entry in self._entries.values() if entry.status in statuses]

    def _order(self) -> Order:
        kind = self._rng.choices(list(KINDS), list(KINDS.values()))[0]
        is_keyed = self._rng.random() < KEYED_SHARE
        if len(self._entries) > self.max_entries and kind not in ("edit", "header"):
            kind = "edit"
        wanted = {"edit": "published", "retract": "published", "publish": "draft"}.get(kind)
        if wanted is None:
            return Order(kind, due_in=self._rng.uniform(0.3, 1.5), is_keyed=is_keyed)
        found = self.known(wanted)
        if not found or (kind == "retract" and len(found) < 3):
            return Order("create", is_keyed=is_keyed)
        entry = self._rng.choice(found)
        if_match = entry.version if kind == "edit" and self._rng.random() < IF_MATCH_SHARE else 0
        return Order(kind, entry.id, if_match, is_keyed=is_keyed)

    def _plan(self, order: Order) -> _Attempt:
        number = next(self._numbers)
        headers = {"idempotency-key": f"key-{number}"} if order.is_keyed else {}
        if order.if_match:
            headers["if-match"] = f'"{order.if_match}"'
        return _Attempt(number, order, *_request(order, f"tok{number}x"), headers)

    async def write(self, order: Order, node: ChaosNode | None = None) -> httpx.Response | None:
        """Write, and repeat a write with a key through other nodes until it is answered. Return the last answer."""
        planned = self._plan(order)
        while True:
            answer = await self._attempt(node or self._rng.choice(self.nodes), planned)
            node = None
            if (answer is not None and answer.status_code < 500) or not order.is_keyed or time.monotonic() > self.until:
                return answer
            await asyncio.sleep(RETRY_SECONDS)

    async def write_twice(self, order: Order) -> None:
        """Send one write with one key to two nodes at the same moment."""
        planned = self._plan(order)
        await asyncio.gather(*(self._attempt(at, planned) for at in self._rng.sample(self.nodes, 2)))

    async def write_and_leave(self, order: Order, seconds: float) -> None:
        """Send a write, and drop the connection after some seconds, in the middle of the work."""
        planned = self._plan(order)
        async with httpx.AsyncClient(headers=self.http.headers, trust_env=False, verify=False) as http:  # noqa: S501
            await self._attempt(self._rng.choice(self.nodes), planned, http, seconds)

    async def repeat(self, entry: str) -> None:
        """Send the request that made an entry again, with its key, and log what it gives as a surface."""
        planned = self._created.get(entry)
        if planned is not None and planned.headers:
            node = self._rng.choice(self.nodes)
            event = SurfaceRead(node=node.number, surface="remembered answer", status=0, until=0.0)
            answer = await self._attempt(node, planned)
            if answer is not None and answer.is_success:
                event.status, event.tokens = 200, sorted(set(TOKEN.findall(answer.text)))
            event.until = time.monotonic()
            self._log.add(event)

    async def _attempt(
        self, node: ChaosNode, planned: _Attempt, http: httpx.AsyncClient | None = None, seconds: float = ANSWER_SECONDS
    ) -> httpx.Response | None:
        """Send a write once. Return its answer; None if there is none within some seconds."""
        number, order, method, path, body, headers = planned
        due_in = order.due_in if order.kind == "schedule" else 0.0
        sent = WriteSent(write=number, node=node.number, kind=order.kind, token=f"tok{number}x", due_in=due_in)
        sent.entry, sent.if_match = order.entry, order.if_match
        self._log.add(sent)
        try:
            async with asyncio.timeout(seconds):
                answer = await (http or self.http).request(method, node.url + path, json=body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            self._log.add(WriteAnswered(write=number, node=node.number, status=0))
            return None
        event = self._answered(number, node, answer)
        self._log.add(event)
        if answer.is_success:
            if order.kind == "create":
                self._created[event.entry] = planned
            if order.kind == "retract":
                self.retracted.put_nowait(Retracted(order.entry, event.at))
            if event.cursor and self._rng.random() < READ_SHARE:
                await self._read_cursor(event.cursor)
        return answer

    def _answered(self, number: int, node: ChaosNode, answer: httpx.Response) -> WriteAnswered:
        event = WriteAnswered(write=number, node=node.number, status=answer.status_code)
        if answer.is_success:
            item = answer.json() if answer.content else {}
            event.cursor = answer.headers.get("stoppress-cursor", "")
            event.entry, event.seq = item.get("id", ""), item.get("seq", 0)
            event.version = int(answer.headers.get("etag", '"0"').strip('"'))
            event.token = token_of(item)
            event.replayed = "idempotency-replayed" in answer.headers
            if event.entry:
                self._entries[event.entry] = Known(event.entry, event.version, item["status"])
        return event

    async def _read_cursor(self, cursor: str) -> None:
        node = self._rng.choice(self.nodes)
        event = CursorRead(node=node.number, since=cursor, status=0, until=0.0)
        try:
            answer = await self.http.get(f"{node.url}/blogs/{BLOG}/changes", params={"since": cursor})
            event.status = answer.status_code
            event.begins = answer.json()["from"] if answer.status_code == 200 else None
        except httpx.HTTPError:
            pass
        event.until = time.monotonic()
        self._log.add(event)


def token_of(item: dict[str, Any]) -> str:
    """Return the token of the last write of an entry or a header."""
    return str(item.get("note") or item.get("title") or item.get("headline") or "")


def _request(order: Order, token: str) -> tuple[str, str, dict[str, Any]]:
    entries = f"/api/blogs/{BLOG}/entries"
    new = {"markdown": f"The text of {token}, **at length**.", "title": token}
    if order.kind == "create":
        return "POST", entries, new
    if order.kind == "draft":
        return "POST", entries, {**new, "status": "draft"}
    if order.kind == "schedule":
        publish_at = datetime.now(UTC) + timedelta(seconds=order.due_in)
        return "POST", entries, {**new, "status": "scheduled", "publish_at": publish_at.isoformat()}
    if order.kind == "publish":
        return "PATCH", f"{entries}/{order.entry}", {"status": "published", "title": token}
    if order.kind == "edit":
        return "PATCH", f"{entries}/{order.entry}", {"title": token}
    if order.kind == "retract":
        return "DELETE", f"{entries}/{order.entry}", {"note": token}
    if order.kind == "delete_blog":
        return "DELETE", f"/api/blogs/{BLOG}", {}
    if order.kind == "create_blog":
        return "PUT", f"/api/blogs/{BLOG}", {"headline": token}
    return "PATCH", f"/api/blogs/{BLOG}", {"headline": token}
