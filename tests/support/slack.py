"""A local fake of Slack: it signs and sends events as the Events API does, and sends again what is not answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from itertools import count
from typing import Any

import httpx

from tests.support.node import RunningNode

SECRET = "8f742231b10e8888abcd99e000000000"

CHANNEL, USER = "C024BE91L", "U061F7AUR"

_numbers = count(1)


def signature(body: bytes, at: int, secret: str = SECRET) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()


class FakeSlack:
    """A workspace with one channel, whose events go to a node."""

    def __init__(self, node: RunningNode) -> None:
        self._client = httpx.AsyncClient(base_url=node.url, timeout=20, trust_env=False)

    async def __aenter__(self) -> FakeSlack:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(
        self, content: Any, *, at: float | None = None, secret: str = SECRET, retry: int | None = None
    ) -> httpx.Response:
        """Send a body as it is, signed at a time."""
        body = json.dumps(content).encode()
        moment = int(time.time() if at is None else at)
        headers = {
            "content-type": "application/json",
            "x-slack-request-timestamp": str(moment),
            "x-slack-signature": signature(body, moment, secret),
        }
        if retry is not None:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
        return await self._client.post("/api/intake/slack", content=body, headers=headers)

    async def event(self, event: dict[str, Any], **options: Any) -> httpx.Response:
        return await self.send(self.callback(event), **options)

    def callback(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the outer body of an event."""
        return {
            "token": "z26uFbvR1xHJEdHE1OQiO6t8",
            "team_id": "T061EG9RZ",
            "api_app_id": "A0FFV41KK",
            "type": "event_callback",
            "authed_users": ["U061F7AUR"],
            "event_id": f"Ev{next(_numbers):09}",
            "event_time": int(time.time()),
            "event": event,
        }

    def message(self, text: str, **fields: Any) -> dict[str, Any]:
        ts = f"{int(time.time())}.{next(_numbers):06}"
        return {
            "type": "message",
            "channel": CHANNEL,
            "user": USER,
            "text": text,
            "ts": ts,
            "event_ts": ts,
            "channel_type": "channel",
            **fields,
        }

    def edit(self, message: dict[str, Any], text: str) -> dict[str, Any]:
        inner = {name: message[name] for name in ("type", "user", "ts")} | {"text": text}
        inner["edited"] = {"user": message["user"], "ts": message["ts"]}
        return {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": message["channel"],
            "ts": f"{int(time.time())}.{next(_numbers):06}",
            "message": inner,
        }

    def deletion(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "channel": message["channel"],
            "ts": f"{int(time.time())}.{next(_numbers):06}",
            "deleted_ts": message["ts"],
        }
