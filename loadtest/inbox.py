"""Send messages through Redis while nodes are killed: each must become one entry, and those of the stream be answered.

python -m loadtest.inbox --messages 1000 --nodes 3 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from redis.asyncio import Redis

from loadtest.ports import free_port
from loadtest.proofs.rolling import program
from loadtest.server import NodeProcess

MESSAGES, ANSWERS = "stoppress:{-inbox}:messages", "stoppress:{-inbox}:answers"

CHANNEL = "stoppress:0:{-inbox}"

BLOG = "demo"

RATE = 50.0
"""Messages a second for each way, in bursts."""

MAX_BURST_MESSAGES = 20

MAX_PAUSE_SECONDS = 1.0
"""Maximum seconds between the start of a node and its end."""

HEARD_SECONDS = 0.25
"""Seconds for which another node has heard the channel, at least, when one is killed."""

MAX_REST_SECONDS = 120.0
"""Maximum seconds for the messages that are left when all have been sent."""


class Outcomes(NamedTuple):
    """What came of the messages, and how many nodes were killed meanwhile."""

    entries: list[Counter[str]]
    """For each node, how often its readers see the entry of each message."""
    answers: list[tuple[dict[str, Any], float]]
    """The answers to the messages on the stream, and the seconds that each took."""
    told: Counter[str]
    """How many answers each message on the channel got."""
    kills: int


async def send(redis: Any, messages: int, rng: random.Random) -> dict[str, float]:
    """Send messages both ways at once, in bursts. Return the Unix times in seconds of those on the stream, by id."""
    times, number = {}, 0
    while number < messages:
        burst = range(number, min(messages, number + rng.randint(1, MAX_BURST_MESSAGES)))
        for number in burst:
            body = {"title": f"stream-{number}"}
            added = await redis.xadd(MESSAGES, {"id": body["title"], "blog": BLOG, "body": json.dumps(body)})
            times[body["title"]] = seconds_of(added)
            body = {"title": f"channel-{number}"}
            await redis.publish(CHANNEL, json.dumps({"id": body["title"], "blog": BLOG, "body": body}))
        number = burst.stop
        await asyncio.sleep(len(burst) / RATE)
    return times


def seconds_of(stream_id: bytes) -> float:
    """Return the Unix time in seconds at which Redis added something to a stream."""
    return int(stream_id.partition(b"-")[0]) / 1000


async def hearing(redis: Any) -> int:
    """Return the number of nodes that hear the channel."""
    return int((await redis.pubsub_numsub(CHANNEL))[0][1])


async def until_all_hear(redis: Any, nodes: int) -> None:
    """Wait until so many nodes hear the channel."""
    while await hearing(redis) < nodes:  # noqa: ASYNC110, other processes
        await asyncio.sleep(0.02)


async def kill(redis: Any, node: NodeProcess, rng: random.Random, turn: asyncio.Lock, sending: asyncio.Event) -> int:
    """Kill a node at random moments, and start it again. Return the number of kills.

    Another node has heard the channel for some time then, as nothing else keeps messages there. Every other kill comes
    right after messages, so that it hits a node that carries them out.
    """
    kills = 0
    while True:
        await asyncio.sleep(rng.uniform(0, MAX_PAUSE_SECONDS))
        async with turn:
            while sending.is_set() and await hearing(redis) < 2:  # noqa: ASYNC110, other processes
                await asyncio.sleep(0.02)
            await asyncio.sleep(HEARD_SECONDS)
            while sending.is_set() and kills % 2 and not await redis.xlen(MESSAGES):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            if not sending.is_set():
                return kills
            await node.kill()
        kills += 1
        await node.start()


async def count_answers(redis: Redis, told: Counter[str]) -> None:
    """Count the answers on the channel until cancelled."""
    async with redis.pubsub(ignore_subscribe_messages=True) as heard:
        await heard.subscribe(f"{CHANNEL}:answers")
        async for message in heard.listen():
            told[json.loads(message["data"])["id"]] += 1


async def read_answers(redis: Any, times: dict[str, float]) -> list[tuple[dict[str, Any], float]]:
    """Return the answers to messages on the stream, and the seconds that each took. `times` is that of `send`."""
    found = []
    for stream_id, fields in await redis.xrange(ANSWERS):
        if sent_at := times.get(fields[b"id"].decode()):
            found.append((json.loads(fields[b"answer"]), seconds_of(stream_id) - sent_at))
    return found


async def read_entries(node: NodeProcess) -> Counter[str]:
    """Return the titles that a node shows to readers, and how often."""
    titles: Counter[str] = Counter()
    address: str | None = f"/blogs/{BLOG}/entries?limit=200"
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=30) as http:
        while address:
            page = (await http.get(address)).raise_for_status().json()
            titles.update(entry["title"] for entry in page["entries"])
            address = page.get("older")
    return titles


async def play(messages: int, node_count: int, seed: int) -> Outcomes:
    """Send messages both ways while nodes are killed."""
    rng, told = random.Random(seed), Counter[str]()  # noqa: S311, repeatable
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        settings = f"--port {port} --bind 127.0.0.1 --appendonly yes --dir {folder} --save".split()
        await stack.enter_async_context(program("redis-server", *settings, "", port=port))
        redis: Any = await stack.enter_async_context(Redis.from_url(f"redis://127.0.0.1:{port}/0"))
        environ = {"STOPPRESS_STORE": f"redis://127.0.0.1:{port}/0", "STOPPRESS_INBOX": "cms"}
        nodes = [await stack.enter_async_context(NodeProcess(folder, **environ)) for _ in range(node_count)]
        await redis.xadd(MESSAGES, {"id": "create", "blog": BLOG, "action": "create_blog"})
        counting = asyncio.create_task(count_answers(redis, told))
        await until_all_hear(redis, node_count)
        while not await redis.xlen(ANSWERS):  # noqa: ASYNC110, other processes
            await asyncio.sleep(0.02)
        sending, turn = asyncio.Event(), asyncio.Lock()
        sending.set()
        killing = [asyncio.create_task(kill(redis, node, rng, turn, sending)) for node in nodes]
        times = await send(redis, messages, rng)
        sending.clear()
        kills = sum([await task for task in killing])
        async with asyncio.timeout(MAX_REST_SECONDS):
            while await redis.xlen(MESSAGES) or await hearing(redis) < node_count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        entries = [await read_entries(node) for node in nodes]
        counting.cancel()
        return Outcomes(entries, await read_answers(redis, times), told, kills)


def lost_and_doubled(shown: Counter[str], way: str, messages: int) -> tuple[int, int]:
    """Return how many messages of a way have no entry, and how many entries there are too many."""
    expected = Counter(f"{way}-{number}" for number in range(messages))
    own = Counter({title: times for title, times in shown.items() if title.startswith(way)})
    return (expected - own).total(), (own - expected).total()


def report(outcomes: Outcomes, messages: int) -> bool:
    """Print the figures. Return whether each message became one entry, and those of the stream have one answer."""
    wrong = 0
    for way in ("stream", "channel"):
        found = [lost_and_doubled(shown, way, messages) for shown in outcomes.entries]
        lost, doubled = (max(column) for column in zip(*found, strict=True))
        print(f"{way}: {messages:,} sent, {lost:,} lost, {doubled:,} doubled, on {len(found)} nodes")
        wrong += lost + doubled
    answered = Counter(answer["id"] for answer, _ in outcomes.answers if answer["status"] == 201)
    replayed = sum(answer["replayed"] for answer, _ in outcomes.answers if answer["status"] == 201)
    waits = sorted(seconds for _, seconds in outcomes.answers)
    print(f"stream: {len(answered):,} answered with 201, {len(outcomes.answers) - len(answered):,} further answers")
    print(f"stream: answered after {waits[len(waits) // 2]:.2f} s in the median, {waits[-1]:.1f} s at most")
    print(f"stream: {replayed:,} were carried out by a node that was killed before it could answer")
    repeated = sum(times > 1 for times in outcomes.told.values())
    print(f"channel: {len(outcomes.told):,} answered, {repeated:,} of them more than once")
    print(f"{outcomes.kills} nodes killed with SIGKILL")
    return not wrong and len(answered) == len(outcomes.answers) == messages and outcomes.kills > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000, help="messages for each way")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of bursts and kills")
    asked = parser.parse_args()
    is_kept = report(asyncio.run(play(asked.messages, asked.nodes, asked.seed)), asked.messages)
    print("kept" if is_kept else "NOT KEPT")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
