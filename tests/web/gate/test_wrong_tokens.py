"""Wrong tokens are limited by address, on all nodes together. Readers with outdated ones are not concerned."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import pytest
from joserfc.jwk import OctKey
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY, KEY, RunningNode
from tests.support.redis_servers import RedisServer
from tests.support.tokens import claims, secret_file, signed

pytestmark = pytest.mark.redis

FORGED = signed(key=OctKey.import_key("the-secret-of-somebody-else-who-forges-tokens"))
OUTDATED = [
    signed(claims(seconds=-1)),
    signed(claims(nbf=2e9, exp=3e9)),
    signed(claims(["other"])),
    signed(claims([])),
    signed(claims(aud="another-server")),
]
FRIEND = "https://www.example.org"


@pytest.fixture
async def nodes(start_node: StartNode, redis_server: RedisServer, tmp_path) -> list[RunningNode]:
    """Two nodes with a limit of four, and a private blog."""
    redis_server.flush()
    settings = {
        "STOPPRESS_MAX_GUESSES": "4",
        "STOPPRESS_TOKEN_SECRET_FILE": secret_file(tmp_path),
        "STOPPRESS_READER_ORIGINS": FRIEND,
        "STOPPRESS_TRUSTED_PROXIES": "127.0.0.1",
    }
    nodes = [await start_node(redis_server.node_url, **settings) for _ in range(2)]
    await nodes[0].make_blog("closed", access="token")
    await nodes[0].make_blog("open")
    return nodes


async def get(node: RunningNode, token: str, path: str = "/blogs/closed/changes", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as client:
        return await client.get(path, params={"token": token}, headers={"accept": "*/*", **headers})


async def statuses(nodes: Sequence[RunningNode], tokens: Sequence[str], path: str = "/blogs/closed") -> list[int]:
    """Send each token to another node than the one before. Return the answers' statuses."""
    return [(await get(nodes[number % 2], token, path)).status_code for number, token in enumerate(tokens)]


async def test_two_nodes_limit_them_together(nodes: list[RunningNode]):
    wrong = ["x", FORGED, signed().rpartition(".")[0] + ".", "eyJh.b.c", *(f"x{number}" for number in range(4))]
    assert await statuses(nodes, wrong) == [401] * 4 + [429] * 4
    answer = await get(nodes[0], FORGED, origin=FRIEND)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "wrong tokens" in answer.json()["detail"]
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "no-store" in answer.headers["cache-control"]
    assert await statuses(nodes, [signed()] * 2) == [200] * 2, "a right token always works"
    assert await statuses(nodes, OUTDATED[:2] * 2) == [401] * 4, "and the others may know that theirs has ended"
    assert (await get(nodes[1], "x", **{"x-forwarded-for": "192.0.2.1"})).status_code == 401, "another address"


async def test_readers_do_not_use_up_the_limit_of_editors(nodes: list[RunningNode]):
    assert await statuses(nodes, ["x"] * 8) == [401] * 4 + [429] * 4
    for node in nodes:
        for key in (KEY, ADMIN_KEY):
            async with node.editor(key=key) as editor:
                assert (await editor.get("/api/blogs")).status_code == 200


async def test_outdated_tokens_and_those_for_other_blogs_do_not_count(nodes: list[RunningNode]):
    found = await statuses(nodes, OUTDATED * 10)
    assert set(found) == {401, 403}
    assert (await get(nodes[0], "x")).status_code == 401, "none of them counts"


async def test_a_wrong_token_for_a_public_blog_does_not_count(nodes: list[RunningNode]):
    assert await statuses(nodes, ["x"] * 10, "/blogs/open/changes") == [200] * 10
    assert await statuses(nodes, ["x"] * 4) == [401] * 4


async def test_the_list_of_blogs_tells_no_more_than_the_others(nodes: list[RunningNode]):
    assert await statuses(nodes, ["x"] * 4, "/") == [200] * 4
    assert await statuses(nodes, ["x"]) == [429]


async def test_live_connections_are_told_when_to_come_back(nodes: list[RunningNode]):
    await statuses(nodes, ["x"] * 4)
    address = f"{nodes[1].websocket_url}/blogs/closed/live?token=x"
    async with connect(address, origin=FRIEND) as reader:  # type: ignore[arg-type]
        retry = json.loads(await reader.recv())
        with pytest.raises(ConnectionClosed) as closed:
            await reader.recv()
    assert retry["type"] == "retry" and 1_000 <= retry["min"] < retry["max"] <= 70_000
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
    with pytest.raises(InvalidStatus) as refused:
        await connect(address)
    assert refused.value.response.status_code == 429
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 60
    stream = await get(nodes[1], "x", "/blogs/closed/events", accept="text/event-stream")
    assert stream.status_code == 200 and stream.text.startswith("retry: ") and "event: retry" in stream.text
    assert (await get(nodes[1], "x", "/blogs/closed/events")).status_code == 429


async def test_only_wrong_tokens_ask_the_store_and_not_for_ever(nodes: list[RunningNode], redis_server: RedisServer):
    async with Redis.from_url(redis_server.url) as redis:

        async def commands() -> tuple[int, int]:
            """Return how often counters were read, and written."""
            stats = await redis.info("commandstats")
            return tuple(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("get", "incrby"))

        await redis.config_resetstat()
        await statuses(nodes, [signed(), *OUTDATED, signed()])
        assert await commands() == (0, 0)
        await statuses(nodes, [f"x{number}" for number in range(100)])
        reads, writes = await commands()
    assert 4 <= reads <= 8 and writes == 4, "a node does not ask again about an address that it refuses"
