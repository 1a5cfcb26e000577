"""permessage-deflate (RFC 7692): what is agreed on, and that real clients can read it, whenever they come."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import httpx
import msgpack
import pytest
from playwright.async_api import Browser, Page
from websockets.asyncio.client import ClientConnection, connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.typing import Subprotocol

from tests.support.client import Client
from tests.support.fixtures import Post
from tests.support.node import RunningNode
from tests.support.paths import CLIENT
from tests.support.raw import handshake, head_of
from tests.web.conftest import Dial

NODE_READER = CLIENT / "tests" / "ws-reader.js"

Publish = Callable[[], Awaitable[str]]
"""Publishes an entry like the one before, and returns the cursor that it led to."""


@pytest.fixture
def publish(post: Post) -> Publish:
    numbers = count(1)

    async def publish_next() -> str:
        text = f"Entry {next(numbers)}: the ministers of **Armenia** and **Azerbaijan** were invited to Moscow. " * 4
        return str((await post(markdown=text, tags=["diplomacy"]))["cursor"])

    return publish_next


@pytest.fixture
def url(node: RunningNode, blog: str) -> str:
    return f"{node.websocket_url}/blogs/{blog}/live"


NO_CONTEXT = "permessage-deflate; client_no_context_takeover"


# What is agreed on

WRONG = [*(f"server_max_window_bits={bits}" for bits in (10, 99)), "client_no_context_takeover=1", "unheard_of", "="]
WRONG.append("a=" + "a" * 5_000)


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", NO_CONTEXT),
        ("permessage-deflate; client_max_window_bits", NO_CONTEXT),
        (
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=10",
        ),
        ("permessage-deflate; server_max_window_bits=15", f"{NO_CONTEXT}; server_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", NO_CONTEXT),
        *((f"permessage-deflate; {wrong}", None) for wrong in WRONG),
        *((other, None) for other in ("x-webkit-deflate-frame", ";;;", "")),
    ],
)
async def test_the_first_offer_that_can_be_kept_is_accepted(dial: Dial, blog: str, offer: str, answer: str | None):
    reader, writer = await dial()
    writer.write(handshake(blog, f"Sec-WebSocket-Extensions: {offer}"))
    status, *lines = (await head_of(reader)).decode().lower().strip().split("\r\n")
    assert status.startswith("http/1.1 101 ")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers.get("sec-websocket-extensions") == answer
    assert headers["sec-websocket-accept"] == "s3pplmbitxaq9kygzzhzrbk+xoo="


# Who reads it


async def read_until(line: ClientConnection, client: Client, cursor: str) -> None:
    async with asyncio.timeout(30):
        while client.cursor != cursor:
            data = await line.recv()
            client.receive(json.loads(data) if isinstance(data, str) else msgpack.unpackb(data))


@pytest.mark.parametrize("subprotocol", ["stoppress.v1+json", "stoppress.v1+msgpack"])
@pytest.mark.parametrize("alone", [False, True], ids=["stream", "alone"])
async def test_websockets_reads_it_whenever_it_comes(url: str, publish: Publish, subprotocol: str, alone: bool):
    """`websockets` checks every byte: a frame of a stream that a client was not in would not be JSON."""
    clients: list[Client] = []
    lines: list[ClientConnection] = []
    factory = ClientPerMessageDeflateFactory(server_no_context_takeover=alone)

    async def come(client: Client) -> None:
        since = client.connected()
        query = "" if since is None else f"?since={since}"
        clients.append(client)
        lines.append(
            await connect(url + query, extensions=[factory], compression=None, subprotocols=[Subprotocol(subprotocol)])
        )

    for turn in range(12):
        await come(Client())
        cursor = ""
        for _ in range(3):
            cursor = await publish()
            await asyncio.sleep(0.025)  # so that they do not travel together
        for line, client in zip(lines, clients, strict=True):
            await read_until(line, client, cursor)
        if turn % 3 == 2:  # one leaves, misses something, and returns
            await lines.pop(0).close()
            absent = clients.pop(0)
            await publish()
            await come(absent)
    assert all(client.resets == 1 for client in clients)
    for line in lines:
        await line.close()


async def test_a_reader_that_lags_comes_back_into_the_stream(url: str, publish: Publish, editor: httpx.AsyncClient):
    address = str(httpx.URL(url).path).removesuffix("/live")
    async with connect(url, max_queue=1, max_size=None) as slow, connect(url, max_size=None) as other:
        client, follower = Client(), Client()
        slow.transport.pause_reading()
        cursor = ""
        for number in range(60):
            body = {"html": f"<p>{number} {' '.join(str(hash((number, n))) for n in range(4_000))}</p>"}
            answer = await editor.post(f"/api{address}/entries", json=body)
            cursor = answer.headers["stoppress-cursor"]
            await read_until(other, follower, cursor)
        slow.transport.resume_reading()
        await read_until(slow, client, cursor)
        for _ in range(5):
            cursor = await publish()
            await read_until(other, follower, cursor)
            await read_until(slow, client, cursor)
    assert client.state() == {entry: seen for entry, seen in follower.state().items() if entry in client.shown}


COLLECT = """
url => {
    window.messages = [];
    window.line = new WebSocket(url, "stoppress.v1+json");
    window.line.onmessage = event => window.messages.push(event.data);
    return new Promise(done => { window.line.onopen = () => done(window.line.extensions); });
}
"""


@pytest.mark.browser
async def test_chromium_reads_it(node: RunningNode, url: str, publish: Publish, browser: Browser):
    pages: list[tuple[Page, Client]] = []
    cursor = await publish()
    for _ in range(4):
        page = await browser.new_page()
        await page.goto(node.url + "/livez")
        assert "permessage-deflate" in await page.evaluate(COLLECT, url)
        pages.append((page, Client()))
        for _ in range(4):
            cursor = await publish()
            await asyncio.sleep(0.025)
    for page, client in pages:
        await page.wait_for_function("cursor => window.messages.at(-1).includes(cursor)", arg=cursor)
        for message in await page.evaluate("() => window.messages"):
            client.receive(json.loads(message))
        assert client.cursor == cursor


async def test_node_ws_reads_it(url: str, publish: Publish):
    node = shutil.which("node")
    assert node, "these tests need node: apt-get install nodejs"
    await publish()
    processes: list[asyncio.subprocess.Process] = []
    cursor = ""
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(node, NODE_READER, url, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        assert b"permessage-deflate" in await process.stdout.readline()
        processes.append(process)
        for _ in range(4):
            cursor = await publish()
            await asyncio.sleep(0.025)
    for process in processes:
        client = Client()
        assert process.stdout
        async with asyncio.timeout(30):
            while client.cursor != cursor:
                message: dict[str, Any] = json.loads(await process.stdout.readline())
                client.receive(message)
        process.kill()
        await process.wait()
