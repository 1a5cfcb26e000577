"""A node that is stopped: nobody new, everybody served until it is their turn, all gone in the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stoppress.web.admission.drain import Drain
from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.raw import head_of, posting

LIVE = "/blogs/demo/live"


async def demo(start_node: StartNode, **environ: str) -> RunningNode:
    node = await start_node(**environ)
    await node.make_blog("demo")
    return node


async def readers(node: RunningNode, stack: AsyncExitStack, number: int) -> list[ClientConnection]:
    lines = [await stack.enter_async_context(connect(node.websocket_url + LIVE)) for _ in range(number)]
    for line in lines:
        await line.recv()
    return lines


async def until_nobody_listens(node: RunningNode) -> None:
    with suppress(OSError):
        while True:
            _, writer = await asyncio.open_connection("127.0.0.1", node.port)
            writer.close()
            await asyncio.sleep(0.01)


async def last_words(line: ClientConnection) -> tuple[list[dict[str, Any]], int | None, float]:
    """What came until the end, the close code, and when that was."""
    messages = []
    try:
        async with asyncio.timeout(30):
            while True:
                messages.append(json.loads(await line.recv()))
    except ConnectionClosed as error:
        return messages, error.rcvd.code if error.rcvd else None, time.monotonic()


def test_those_who_come_back_are_about_a_thousand_in_a_second():
    assert [Drain.retry_for(readers).max for readers in (0, 1_000, 8_000, 100_000)] == [500, 1_500, 8_500, 12_000]
    assert Drain.retry_for(8_000).min == 0


async def seconds_to_stop(node: RunningNode) -> float:
    started = time.monotonic()
    assert await node.stop() == 0
    return time.monotonic() - started


async def test_few_readers_hardly_keep_a_node_from_stopping(start_node: StartNode):
    node = await demo(start_node)
    alone = await seconds_to_stop(node)
    await node.start()
    async with AsyncExitStack() as stack:
        await readers(node, stack, 5)
        assert await seconds_to_stop(node) < 1.5 + 2 * alone  # a second for the five, and how busy the machine is


async def test_many_readers_leave_one_after_the_other_and_are_served_until_then(start_node: StartNode):
    node = await demo(start_node)
    async with AsyncExitStack() as stack:
        lines = await readers(node, stack, 30)
        editor = await stack.enter_async_context(node.editor())
        await editor.get("/api/blogs")  # a connection from before
        stopped = asyncio.create_task(node.stop())
        ends = [asyncio.create_task(last_words(line)) for line in lines]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        posted = await editor.post("/api/blogs/demo/entries", json={"title": "late news"})
        assert (posted.status_code, posted.headers["connection"]) == (201, "close")
        results = sorted(await asyncio.gather(*ends), key=lambda result: result[2])
        assert await stopped == 0
    assert {code for _, code, _ in results} == {1001}
    assert {messages[-1]["type"] for messages, _, _ in results} == {"retry"}
    told = ["late news" in str(messages) for messages, _, _ in results]
    assert told == sorted(told) and 0 < sum(told) < 30  # all who were still there, and nobody else
    times = [when for _, _, when in results]
    took = times[-1] - times[0]
    assert 2 < took < 20
    assert max(after - before for before, after in pairwise(times)) < took / 2


async def test_streams_and_long_polls_leave_one_after_the_other_too(start_node: StartNode):
    node = await demo(start_node)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=node.url, timeout=20, trust_env=False, limits=limits) as client:
        cursor = (await client.get("/blogs/demo/changes")).json()["cursor"]

        async def stream() -> tuple[str, float]:
            answer = await client.get("/blogs/demo/events")
            return answer.text, time.monotonic()

        async def poll() -> tuple[str, float]:
            answer = await client.get("/blogs/demo/changes", params={"since": cursor, "wait": "20"})
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            return answer.text, time.monotonic()

        held_requests = [asyncio.create_task(held()) for held in (stream, poll) * 10]
        await node.until_readers("sse", 10)
        await node.until_readers("long_poll", 10)
        assert await node.stop() == 0
        results = [await held for held in held_requests]
    farewells = [text.strip().split("\n\n")[-1].splitlines() for text, _ in results[::2]]
    for last in farewells:
        retry = json.loads(last[2].removeprefix("data: "))
        assert last[1] == "event: retry"
        assert 0 <= int(last[0].removeprefix("retry: ")) <= retry["max"] <= 12_000
    assert len({last[0] for last in farewells}) > 3
    for kind in (results[::2], results[1::2]):
        assert max(when for _, when in kind) - min(when for _, when in kind) > 1


async def test_during_the_lead_a_node_says_that_it_is_going_and_takes_nobody_in(start_node: StartNode):
    node = await demo(start_node, STOPPRESS_LEAD="6")
    async with AsyncExitStack() as stack:
        lines = await readers(node, stack, 1)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=node.url, trust_env=False))
        cursor = (await client.get("/blogs/demo/changes")).json()["cursor"]
        assert (await client.get("/readyz")).status_code == 200
        started = time.monotonic()
        os.kill(node.pid, signal.SIGTERM)
        while (await client.get("/readyz")).status_code != 503:
            await asyncio.sleep(0.01)
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/blogs/demo")).status_code == 200
        poll = await client.get("/blogs/demo/changes", params={"since": cursor, "wait": "20"})
        plain = await client.get("/blogs/demo/events")
        for refused in (poll, plain):
            assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
            assert int(refused.headers["retry-after"]) >= 1
        source = await client.get("/blogs/demo/events", headers={"accept": "text/event-stream"})
        assert (source.status_code, source.text[:7]) == (200, "retry: ")  # an EventSource would give up at a 503
        with pytest.raises(InvalidStatus) as program:
            await connect(node.websocket_url + LIVE)
        assert program.value.response.status_code == 503
        assert int(program.value.response.headers["retry-after"]) >= 1
        page = await stack.enter_async_context(connect(node.websocket_url + LIVE, origin="http://paper.example"))  # type: ignore[arg-type]
        messages, code, _ = await last_words(page)
        assert ([message["type"] for message in messages], code) == (["retry"], 1013)
        assert (await last_words(lines[0]))[1] == 1001
        assert time.monotonic() - started > 5.5
        await until_nobody_listens(node)
        assert await node.stop() == 0


@pytest.mark.parametrize("hurry", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_hurries(start_node: StartNode, hurry: signal.Signals):
    node = await demo(start_node, STOPPRESS_LEAD="60")
    async with AsyncExitStack() as stack:
        lines = await readers(node, stack, 20)
        os.kill(node.pid, signal.SIGTERM)
        await asyncio.sleep(0.8)  # signals within half a second are one
        started = time.monotonic()
        assert await node.stop(hurry) == 0
        assert time.monotonic() - started < 30  # half of the lead
        ends = await asyncio.gather(*map(last_words, lines))
        assert {(messages[-1]["type"], code) for messages, code, _ in ends} == {("retry", 1001)}


async def test_a_write_in_flight_is_finished_and_answered(start_node: StartNode):
    node = await demo(start_node)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(posting("demo", "Content-Length: 17", "Expect: 100-continue"))
    async with asyncio.timeout(30):
        assert (await head_of(reader)).startswith(b"HTTP/1.1 100 ")
        os.kill(node.pid, signal.SIGTERM)
        await until_nobody_listens(node)
        writer.write(b'{"title": "last"}')
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert await node.stop() == 0
    await node.start()
    async with node.editor() as editor:
        entries = (await editor.get("/api/blogs/demo/entries")).json()["entries"]
    assert [entry["title"] for entry in entries] == ["last"]
    writer.close()
