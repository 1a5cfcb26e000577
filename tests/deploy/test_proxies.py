"""nginx and Caddy with the shipped files, in front of two nodes: every surface works, nothing else is let through."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.deploy.conftest import Site
from tests.deploy.proxies import PROXIES, Proxy
from tests.deploy.units import environment_of_the_unit
from tests.support.desk import open_desk
from tests.support.event_stream import listening, upcoming
from tests.support.raw import respond
from tests.support.returning_reader import ReturningReader

pytestmark = pytest.mark.redis

DECODE: dict[str, Callable[[Any], Any]] = {"stoppress.v1+json": json.loads, "stoppress.v1+msgpack": msgpack.unpackb}


@pytest.fixture
async def editor(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as client:
        yield client


@pytest.fixture
async def blog(editor: httpx.AsyncClient) -> str:
    name = f"b{uuid4().hex[:12]}"
    answer = await editor.put(f"/api/blogs/{name}", json={"headline": name})
    assert answer.status_code == 201, answer.text
    return name


async def publish(editor: httpx.AsyncClient, blog: str, text: str) -> str:
    """Returns the cursor after it."""
    answer = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": text})
    assert answer.status_code == 201, answer.text
    return answer.headers["stoppress-cursor"]


def follow(site: Site, blog: str, since: str = "", protocol: str = "stoppress.v1+json") -> connect:
    """A reader; it says that it can compress, as browsers do."""
    address = f"{site.proxy.websocket_url}/blogs/{blog}/live{since and f'?since={since}'}"
    return connect(address, ssl=site.proxy.tls, subprotocols=[Subprotocol(protocol)], open_timeout=5)


async def update(line: ClientConnection, text: str) -> dict[str, Any]:
    """The next update that has an entry with this text, within five seconds."""
    assert line.subprotocol is not None
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = DECODE[line.subprotocol](await line.recv())
            if any(text in entry.get("html", "") for entry in message.get("entries", [])):
                return message


async def test_http_leads_to_https(site):
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://localhost:{site.proxy.http_port}/blogs/council?before=1")
    assert answer.status_code in (301, 308)
    assert answer.headers["location"].startswith("https://")
    assert answer.headers["location"].endswith("/blogs/council?before=1")


@pytest.mark.parametrize("protocol", DECODE)
async def test_a_reader_follows_by_websocket(site, editor, blog, protocol):
    cursor = await publish(editor, blog, "before")
    async with follow(site, blog, protocol=protocol) as line:
        assert line.response is not None
        assert "permessage-deflate" in line.response.headers["sec-websocket-extensions"]
        assert (await update(line, "before"))["cursor"] == cursor
        await publish(editor, blog, "while connected")
        assert (await update(line, "while connected"))["from"] == cursor


async def test_an_event_comes_without_a_further_one_and_a_reader_who_leaves_is_gone(site, editor, blog, eventually):
    await eventually(partial(counted, site, "sse", 0))
    async with listening(editor, blog) as events:
        assert (await upcoming(events)).json()["blog"] == blog
        await eventually(partial(counted, site, "sse", 1))
        await publish(editor, blog, "an event")
        assert "an event" in (await upcoming(events))["data"]
    await eventually(partial(counted, site, "sse", 0))


@pytest.mark.parametrize("kind", PROXIES)
async def test_the_proxy_keeps_no_event_back_by_itself(kind, tmp_path):
    """Nodes send `X-Accel-Buffering: no`, too; here the files of the proxy have to do."""
    ended = asyncio.Event()

    async def send_one_event(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: text/event-stream"
        writer.write(head + b"\r\n\r\nevent: update\ndata: 1\n\n")
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 10)  # until the proxy leaves
        ended.set()
        writer.close()

    async with await asyncio.start_server(send_one_event, "127.0.0.1", 0) as server:
        proxy = PROXIES[kind](tmp_path, [server.sockets[0].getsockname()[1]])
        async with proxy, proxy.client() as client, listening(client, "any") as events:
            await upcoming(events)
            assert not ended.is_set()


async def counted(site: Site, transport: str, number: int) -> bool:
    """Return whether the nodes have so many readers in all."""
    found = [sample for node in site.nodes for sample in (await node.samples()).items()]
    return (
        sum(value for (name, *labels), value in found if name == "stoppress_readers" and transport in labels) == number
    )


async def test_a_long_poll_is_answered_when_there_is_a_change(site, editor, blog, eventually):
    cursor = await publish(editor, blog, "before")
    poll = asyncio.create_task(poll_until_changed(editor, blog, cursor))
    await eventually(partial(counted, site, "long_poll", 1))
    assert not poll.done(), poll.result()
    await publish(editor, blog, "the change")
    assert await asyncio.wait_for(poll, 30) == ["the change"]


async def poll_until_changed(editor: httpx.AsyncClient, blog: str, since: str) -> list[str]:
    """Returns the texts of the entries. An answer without any is allowed, and asks for another poll."""
    for _ in range(4):
        answer = await editor.get(f"/blogs/{blog}/changes", params={"since": since, "wait": 15})
        assert answer.status_code == 200, answer.text
        if entries := answer.json()["entries"]:
            return [entry["text"] for entry in entries]
    raise AssertionError("polls are not held")


async def test_silence_between_beats_does_not_end_a_connection(site, editor, blog):
    """Beats come every second here, and are all that is sent."""
    async with follow(site, blog) as line, listening(editor, blog) as events, asyncio.timeout(30):
        for _ in range(3):
            while json.loads(await line.recv())["type"] != "beat":
                pass
            await upcoming(events, "beat")


async def test_a_desk_gets_a_draft_at_once(editor, blog):
    async with open_desk(editor, blog) as desk:
        made = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "a draft", "status": "draft"})
        await desk.until(lambda desk: made.json()["id"] in desk.entries)


async def test_readers_of_a_node_that_was_killed_go_on_at_the_other(site, editor, blog, eventually):
    """... and an editor's request comes through, if it is repeated once."""
    address = f"{site.proxy.websocket_url}/blogs/{blog}/live"
    readers = [ReturningReader(lambda: address, ssl=site.proxy.tls) for _ in range(8)]

    async def all_have(cursor: str) -> bool:
        return all(reader.client.cursor == cursor for reader in readers)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(reader.run()) for reader in readers]
        await eventually(partial(all_have, await publish(editor, blog, "before")))
        await site.nodes[0].stop(signal.SIGKILL)
        try:
            await eventually(partial(all_have, await publish_with_one_retry(editor, blog)))
        finally:
            await site.nodes[0].start()
        for task in tasks:
            task.cancel()
    assert sum(reader.lost for reader in readers) > 0, "all were at the other node: nothing was tried"


async def publish_with_one_retry(editor: httpx.AsyncClient, blog: str) -> str:
    """As editors' programs should: with an Idempotency-Key. Return the cursor after it."""
    editor.headers["idempotency-key"] = uuid4().hex
    try:
        return await publish(editor, blog, "after")
    except (httpx.TransportError, AssertionError):
        await asyncio.sleep(1)
        return await publish(editor, blog, "after")


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/livez"])
async def test_what_is_for_the_operator_is_not_public(editor, path):
    answer = await editor.get(path)
    assert answer.status_code == 404
    assert not re.search(r"\d", answer.headers.get("server", "")), "no version is told to strangers"


async def test_pages_are_compressed_and_revalidated_and_too_large_bodies_answered(editor, blog):
    await publish(editor, blog, "x" * 2_000)
    for path in (f"/blogs/{blog}", f"/blogs/{blog}/changes", "/static/stoppress.css"):
        answer = await editor.get(path)
        assert answer.headers.get("content-encoding") == "gzip", (path, answer.headers)
        again = await editor.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304, path
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=b"x" * 300_000)
    assert answer.status_code == 413


async def test_what_editors_get_is_not_compressed(editor, blog):
    await publish(editor, blog, "x" * 2_000)
    answer = await editor.get(f"/api/blogs/{blog}/entries")
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


async def test_browsers_get_http_2_and_are_told_to_stay_with_tls(site, blog):
    command = ["curl", "--silent", "--show-error", "--cacert", str(site.proxy.certificate), "--http2", "--head"]
    done = await asyncio.create_subprocess_exec(
        *command, f"{site.proxy.url}/client/index.js", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = (await done.communicate())[0].decode()
    assert output.startswith("HTTP/2 200"), output
    assert re.search(r"^strict-transport-security: max-age=\d{8}", output, re.MULTILINE), output


@pytest.mark.parametrize("kind", PROXIES)
async def test_a_node_is_told_the_address_of_the_client_and_not_what_the_client_says(kind, tmp_path):
    """Behind the proxy is a server that answers with the headers that came."""
    async with await asyncio.start_server(answer_with_headers, "127.0.0.1", 0) as echo:
        lies = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-forwarded-host": "203.0.113.9"}
        async with PROXIES[kind](tmp_path, [echo.sockets[0].getsockname()[1]]) as proxy, proxy.client() as client:
            told = (await client.get("/blogs/any", headers=lies)).text.lower()  # from 127.0.0.7
    assert "\nx-forwarded-for: 127.0.0.7\r" in told
    assert "\nx-forwarded-proto: https\r" in told
    assert f"\nhost: localhost:{proxy.port}\r" in told
    assert "203.0.113.9" not in told


async def answer_with_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await respond(writer, await reader.readuntil(b"\r\n\r\n"))


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("believed", [True, False])
async def test_a_limit_by_address_counts_clients_if_the_proxy_is_believed(kind, believed, start_node, tmp_path, capfd):
    """With the shipped settings for a proxy on the node's machine. Else all readers have the proxy's address."""
    proxies = environment_of_the_unit()["STOPPRESS_TRUSTED_PROXIES"] if believed else ""
    node = await start_node(STOPPRESS_MAX_READERS_PER_ADDRESS="1", STOPPRESS_TRUSTED_PROXIES=proxies)
    await node.make_blog("limited")
    (tmp_path / kind).mkdir()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(PROXIES[kind](tmp_path / kind, [node.port]))
        taken_in = [await is_taken_in(stack, reader_from(proxy, place)) for place in (7, 7, 8)]
        assert taken_in == [True, False, believed]
    assert ("proxy_not_trusted" in capfd.readouterr().err) != believed


def reader_from(proxy: Proxy, place: int) -> connect:
    """A reader from 127.0.0.`place`."""
    return connect(
        f"{proxy.websocket_url}/blogs/limited/live",
        ssl=proxy.tls,
        subprotocols=[Subprotocol("stoppress.v1+json")],
        local_addr=(f"127.0.0.{place}", 0),
    )


async def is_taken_in(stack: AsyncExitStack, reader: connect) -> bool:
    """Return whether a reader comes in; it stays until the end of the stack."""
    refusal = ""
    try:
        await stack.enter_async_context(reader)
    except InvalidStatus as error:
        refusal = error.response.body.decode()
    assert not refusal or "Too many readers from your address" in refusal
    return not refusal


TOKEN = "eyJ0b2tlbg.unmistakable.signature"

WITH_TOKEN = [
    f"/blogs/log-1/live?token={TOKEN}",
    f"/blogs/log-2/events?since=1-a&token={TOKEN}&lang=de",
    f"/blogs/log-3?token=first-{TOKEN}&token={TOKEN}",
    f"/blogs/log-4?%74oke%6E={TOKEN}",
    f"/blogs/log-5?a=?&token={TOKEN}",
]


@pytest.mark.parametrize("kind", PROXIES)
async def test_no_log_has_a_token(kind, tmp_path, eventually):
    referer = {"referer": f"https://www.example.org/live?token={TOKEN}"}
    async with AsyncExitStack() as stack:
        echo = await stack.enter_async_context(await asyncio.start_server(answer_with_headers, "127.0.0.1", 0))
        proxy = await stack.enter_async_context(PROXIES[kind](tmp_path, [echo.sockets[0].getsockname()[1]]))
        client = await stack.enter_async_context(proxy.client())
        for address in WITH_TOKEN:
            assert "unmistakable" in (await client.get(address, headers=referer)).text, "the node gets it"
        await client.get("/blogs/log-6?before=17", headers={"authorization": f"Bearer {TOKEN}"})

        async def is_complete() -> bool:
            return "log-6" in proxy.log

        await eventually(is_complete)
        log = proxy.log
    assert all(f"/blogs/log-{number}" in log for number in range(1, 6))
    assert "/blogs/log-6?before=17" in log, "other queries are there"
    assert "unmistakable" not in log


async def test_the_errors_of_caddy_have_no_token(tmp_path, eventually):
    async with PROXIES["caddy"](tmp_path, [1]) as proxy, proxy.client() as client:
        for address in WITH_TOKEN:
            assert (await client.get(address)).status_code in (502, 503)

        async def is_complete() -> bool:
            return proxy.log.count("log-5") >= 2

        await eventually(is_complete)
        assert '"level":"error"' in proxy.log
        assert "unmistakable" not in proxy.log
