"""`stoppress tail`: follow a blog in a terminal, over the same WebSocket as browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.http11 import Response
from websockets.typing import Subprotocol

from stoppress.errors import StoppressError
from stoppress.tools.reader_core import Outcome, ReaderCore


async def follow(url: str, blog: str, *, compress: bool = True) -> AsyncIterator[dict[str, Any]]:
    """Yield the updates of a blog in order, over any number of connections. It never ends by itself.

    Raises:
        StoppressError: the server rejects the reader for good.
    """
    core = ReaderCore()
    while True:
        try:
            async with connect(
                _address(url, blog, core.cursor),
                subprotocols=[Subprotocol("stoppress.v1+json")],
                compression="deflate" if compress else None,
                max_size=None,
            ) as connection:
                async for update in _updates(connection, core):
                    yield update
        except ConnectionClosed as error:
            if error.rcvd and not core.take_close(error.rcvd.code):
                raise StoppressError(error.rcvd.reason) from None
        except (InvalidURI, ValueError) as error:
            raise StoppressError(f"{url} is not the address of a server: {error}") from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            if isinstance(error, InvalidStatus) and not _take_answer(core, error.response):
                raise StoppressError(f"{url} has no live blog {blog!r}: {error}") from None
            click.secho(f"cannot reach {url}: {error}; trying again", dim=True, err=True)
        await asyncio.sleep(core.next_wait())


def _address(url: str, blog: str, cursor: str | None) -> str:
    query = f"?{urlencode({'since': cursor})}" if cursor else ""
    return f"{url.rstrip('/').replace('http', 'ws', 1)}/blogs/{quote(blog, safe='')}/live{query}"


def _take_answer(core: ReaderCore, answer: Response) -> bool:
    seconds = answer.headers.get("Retry-After", "")
    return core.take_status(answer.status_code, float(seconds) if seconds.isdigit() else None)


async def _updates(connection: ClientConnection, core: ReaderCore) -> AsyncIterator[dict[str, Any]]:
    """Yield the updates that continue from the cursor. Return if one is missing."""
    while True:
        message = msgspec.json.decode(await connection.recv())
        step = Outcome.TAKEN
        if message["type"] == "update":
            step = core.take_update(message["from"], message["cursor"], more=message.get("more", False))
        elif message["type"] == "beat":
            step = core.take_beat(message["cursor"])
        elif message["type"] == "retry":
            core.take_retry(message["min"], message["max"])
        if step in (Outcome.GAP, Outcome.DUPLICATE):
            return
        if message["type"] == "update":
            yield message


async def show(url: str, blog: str) -> None:
    """Print the newest entries of a blog, then each change. Times are in UTC."""
    versions: dict[str, int] = {}
    async for update in follow(url, blog):
        if header := update.get("header"):
            click.secho(f"== {header['headline']} ({header['status']})", bold=True)
        for entry in update["entries"]:
            if versions.get(entry["id"], 0) < entry["version"]:
                click.echo(_as_text(entry, changed=entry["id"] in versions))
                versions[entry["id"]] = entry["version"]


def _as_text(entry: dict[str, Any], *, changed: bool) -> str:
    """Return an entry as text for the terminal. Its time is in UTC."""
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
