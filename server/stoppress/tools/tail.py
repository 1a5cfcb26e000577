"""What `stoppress tail` does: follow a blog in a terminal, over the same WebSocket as browsers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from stoppress.errors import StoppressError

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before the first and any further attempt to connect again, at the most."""

NO_USE = (400, 401, 403, 404, 405)
"""Answers to a handshake after which asking again is no use."""


async def follow(url: str, blog: str, since: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """The updates of a blog, in order, over any number of connections; never ends by itself.

    Raises:
        StoppressError: the server says that asking again is no use.
    """
    address = f"{url.rstrip('/').replace('http', 'ws', 1)}/blogs/{quote(blog, safe='')}/live"
    wait = FIRST_WAIT
    while True:
        retry: dict[str, Any] = {"min": 0, "max": wait * 1000}
        query = f"?{urlencode({'since': since})}" if since else ""
        try:
            async with connect(address + query, subprotocols=[Subprotocol("stoppress.v1+json")], max_size=None) as line:
                async for message in _messages(line):
                    wait = FIRST_WAIT
                    if message["type"] == "retry":
                        retry = message
                    elif message["type"] == "update" and message["from"] in (since, None):
                        since = message["cursor"]
                        yield message
                    elif message["cursor"] != since:
                        break  # a gap: ask again from our cursor
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 1006
            if 4400 <= code < 4500 and error.rcvd:
                raise StoppressError(error.rcvd.reason) from None
        except (InvalidURI, ValueError) as error:
            raise StoppressError(f"{url} is no address of a server: {error}") from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            if isinstance(error, InvalidStatus) and error.response.status_code in NO_USE:
                raise StoppressError(f"{url} has no live blog {blog!r}: {error}") from None
            click.secho(f"cannot reach {url}: {error}; trying again", dim=True, err=True)
        await asyncio.sleep(random.uniform(retry["min"], retry["max"]) / 1000)  # noqa: S311, no secret
        wait = min(2 * wait, LONGEST_WAIT)


async def _messages(line: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    while True:
        yield msgspec.json.decode(await line.recv())


async def show(url: str, blog: str) -> None:
    """Print a blog's newest entries, and whatever happens to it from now on."""
    versions: dict[str, int] = {}
    async for update in follow(url, blog):
        if header := update.get("header"):
            click.secho(f"== {header['headline']} ({header['status']})", bold=True)
        for entry in update["entries"]:
            if versions.get(entry["id"], 0) < entry["version"]:
                click.echo(as_text(entry, changed=entry["id"] in versions))
                versions[entry["id"]] = entry["version"]


def as_text(entry: dict[str, Any], *, changed: bool) -> str:
    """An entry as a terminal shows it."""
    time = entry["published_at"][11:16]
    if entry["status"] == "retracted":
        return click.style(f"{time}  Retracted. {entry.get('note', '')}".rstrip(), dim=True)
    marks = [mark for mark in ("breaking", "key", "pinned") if entry.get(mark)] + (["edited"] if changed else [])
    title = " ".join(part for part in (entry.get("title", ""), f"[{', '.join(marks)}]" if marks else "") if part)
    lines = [click.style(time, fg="cyan") + (f"  {click.style(title, bold=True)}" if title else "")]
    lines += [f"       {line}" for line in entry.get("text", "").splitlines()]
    lines += [f"       Correction: {one['text']}" for one in entry.get("corrections", ())]
    if source := entry.get("source"):
        lines.append(click.style(f"       Source: {source['name']}", dim=True))
    return "\n".join(lines)
