"""Replay a timeline in real time, with the requests of the public HTTP API that editors use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import resources
from typing import Any, Literal

import httpx
import msgspec
from msgspec import Struct

from stoppress.errors import StoppressError


class Step(Struct, forbid_unknown_fields=True):
    """An editor's action, `at` seconds after the start."""

    at: float
    op: Literal["create", "edit", "retract", "pin", "header"]
    ref: str | None = None
    entry: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    correction: str | None = None
    note: str | None = None


class Timeline(Struct):
    """The actions that make up a blog."""

    blog: str
    header: dict[str, Any]
    steps: list[Step]

    @classmethod
    def karabakh(cls) -> Timeline:
        """Return the timeline that is part of the package."""
        return msgspec.json.decode(resources.files(__package__).joinpath("karabakh.json").read_bytes(), type=cls)


class Replay:
    """One replay of a timeline.

    Args:
        timeline: the timeline to replay.
        client: an HTTP client with the server's address and an editor's key.
        progress: called after each step with its number, the number of steps, and a line of text.
    """

    def __init__(
        self, timeline: Timeline, client: httpx.AsyncClient, progress: Callable[[int, int, str], None]
    ) -> None:
        self._timeline = timeline
        self._client = client
        self._progress = progress
        self._addresses: dict[str, str] = {}

    async def run(self) -> None:
        """Create the blog and perform every step at its time. Raise `StoppressError` if the server rejects one."""
        loop = asyncio.get_running_loop()
        blog = f"/api/blogs/{self._timeline.blog}"
        await self._send("PUT", blog, self._timeline.header, {"if-none-match": "*"})
        start = loop.time()
        for number, step in enumerate(self._timeline.steps, 1):
            await asyncio.sleep(max(0.0, start + step.at - loop.time()))
            await self._do(step, blog)
            self._progress(number, len(self._timeline.steps), _line(step))

    async def _do(self, step: Step, blog: str) -> None:
        address = self._addresses.get(step.ref or "", "")
        match step.op:
            case "create":
                answer = await self._send("POST", f"{blog}/entries", step.entry or {})
                self._addresses[step.ref or ""] = answer.headers["location"]
            case "edit":
                correction = {"correction": step.correction} if step.correction else {}
                await self._send("PATCH", address, {**(step.change or {}), **correction})
            case "pin":
                await self._send("PATCH", address, {"pinned": True})
            case "retract":
                await self._send("DELETE", address, {"note": step.note} if step.note else {})
            case "header":
                await self._send("PATCH", blog, step.change or {})

    async def _send(
        self, method: str, address: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        answer = await self._client.request(method, address, json=body, headers=headers)
        if answer.is_error:
            raise StoppressError(f"the server rejected {method} {address} ({answer.status_code}): {answer.text[:300]}")
        return answer


def _line(step: Step) -> str:
    text = (
        (step.entry or {}).get("title") or (step.entry or {}).get("markdown") or step.ref or "headline and standfirst"
    )
    return f"{step.op}: {text}"
