"""A private blog on every surface of readers: who gets it, who does not, and what nobody may keep of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stoppress.process.node import Node
from stoppress.settings import Settings
from tests.conftest import StartNode
from tests.support.closing import closed
from tests.support.node import ADMIN_KEY, KEY, RunningNode
from tests.support.paths import SERVER
from tests.support.tokens import claims, secret_file, signed

WORD = "unmistakable"
NOBODY = "0192a000-0000-7000-8000-000000000000"
FRIEND = "https://www.example.org"
READER_KEY, OTHER_KEY = "secret-of-a-reader", "secret-of-a-contributor"

KEYS = f"tests:editor:{KEY} root:admin:{ADMIN_KEY} rita:reader:{READER_KEY} cora:contributor:{OTHER_KEY}"

SURFACES = {
    "/": "/",
    "/blogs": "/",
    "/blogs/{blog}": "/blogs/closed",
    "/blogs/{blog}/embed": "/blogs/closed/embed",
    "/blogs/{blog}/changes": "/blogs/closed/changes",
    "/blogs/{blog}/entries": "/blogs/closed/entries",
    "/blogs/{blog}/entries/{entry}": "/blogs/closed/entries/ENTRY",
    "/blogs/{blog}/events": "/blogs/closed/events",
    "/blogs/{blog}/live": "/blogs/closed/live",
    "/blogs/{blog}/media/{name}": "/blogs/closed/media/NAME",
    "/blogs/{blog}.atom": "/blogs/closed.atom",
    "/blogs/{blog}.json": "/blogs/closed.json",
}
"""Every route that may tell readers something of a blog, and its address of the private one."""

WITHOUT_BLOGS = ("/api/", "/livez", "/readyz", "/metrics", "/client", "/static", "/desk", "/blogs/sw.js")

IMAGE = "/blogs/closed/media/NAME"
"""It has no words: tests/web/media/test_image_files.py tries it."""

HTTP = [address for address in SURFACES.values() if address not in ("/", "/blogs/closed/live", IMAGE)]
"""The addresses that answer over HTTP with 200 or an error."""


def authorization(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


REFUSED: dict[str, tuple[dict[str, str], int]] = {
    "nobody": ({}, 401),
    "a token for another blog": (authorization(signed(claims(["other", "closed-2"]))), 403),
    "an expired token": (authorization(signed(claims(seconds=-1))), 401),
    "a broken token": (authorization("eyJh.b.c"), 401),
    "a token without a signature": (authorization(signed().rpartition(".")[0] + "."), 401),
    "an unknown key": (authorization("nothing"), 401),
    "a wrong cookie": ({"cookie": "stoppress_token=x"}, 401),
    "a cookie of another name": ({"cookie": f"other={signed()}"}, 401),
    "a page of another origin": (authorization(signed()) | {"origin": "https://elsewhere.example"}, 403),
}

GOOD = {
    "a token": authorization(signed(claims(["clo*"]))),
    "a cookie": {"cookie": f"a=b; stoppress_token={signed()}"},
    "a reader's key": authorization(READER_KEY),
    "an editor's key": authorization(KEY),
    "a page of its own origin": authorization(signed()) | {"origin": "http://SELF"},
    "a page of a friend": authorization(signed()) | {"origin": FRIEND},
}


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    folder = tmp_path_factory.mktemp("private")
    node = RunningNode(
        f"sqlite:{folder / 'blogs.db'}",
        STOPPRESS_TOKEN_SECRET_FILE=secret_file(folder),
        STOPPRESS_READER_ORIGINS=FRIEND,
        STOPPRESS_PAGE_MAX_AGE="60",
        STOPPRESS_MAX_GUESSES="0",
        STOPPRESS_KEYS=KEYS,
    )
    await node.start()
    await node.make_blog("closed", headline=f"{WORD} headline", access="token")
    await node.make_blog("open", headline="Open")
    yield node
    assert await node.stop() == 0


@pytest.fixture(scope="module")
async def entry(node: RunningNode) -> str:
    async with node.editor() as editor:
        answer = await editor.post("/api/blogs/closed/entries", json={"markdown": f"{WORD} text", "key": True})
        return str(answer.json()["id"])


def test_every_route_of_readers_has_a_case(tmp_path: Path):
    node = Node(Settings(store=f"sqlite:{tmp_path / 'blogs.db'}"))
    routes = {route.path for route in node.routes}
    assert {path for path in routes if not path.startswith(WITHOUT_BLOGS)} == set(SURFACES)


def test_no_surface_gets_at_a_hub_without_the_gate():
    rooms = ("readers", "pages", "feeds", "connections", "media")
    sources = {path: path.read_text() for room in rooms for path in (SERVER / "web" / room).glob("*.py")}
    assert len(sources) > 20
    wrong = re.compile(r"\bfollower\b|sync\.follower|\.hubs\b|\bReplica\(")
    assert [str(path) for path, text in sources.items() if wrong.search(text)] == []


async def get(node: RunningNode, address: str, headers: dict[str, str], accept: str = "*/*") -> httpx.Response:
    headers = {name: value.replace("http://SELF", node.url) for name, value in headers.items()}
    async with (
        httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as client,
        client.stream("GET", address, headers={"accept": accept, **headers}) as answer,
    ):
        if answer.headers.get("content-type", "").startswith("text/event-stream") and answer.status_code == 200:
            pieces = answer.aiter_text()
            answer._content = ((await anext(pieces)) + await anext(pieces)).encode()
        else:
            await answer.aread()
        return answer


@pytest.mark.parametrize("who", REFUSED)
@pytest.mark.parametrize("address", HTTP)
async def test_it_is_closed_to(node: RunningNode, entry: str, address: str, who: str):
    headers, status = REFUSED[who]
    for accept in ("*/*", "text/html", "text/event-stream"):
        answer = await get(node, address.replace("ENTRY", entry), headers | {"if-none-match": "*"}, accept)
        assert answer.status_code == status, answer.text
        assert WORD not in answer.text + str(answer.headers)
        if status == 401:
            assert answer.headers["www-authenticate"].startswith('Bearer realm="stoppress"')
        check_private(answer)


@pytest.mark.parametrize("who", GOOD)
@pytest.mark.parametrize("address", HTTP)
async def test_it_is_open_to(node: RunningNode, entry: str, address: str, who: str):
    answer = await get(node, address.replace("ENTRY", entry), GOOD[who])
    assert answer.status_code == 200, answer.text
    assert WORD in answer.text
    check_private(answer, GOOD[who].get("origin") == FRIEND)


def check_private(answer: httpx.Response, is_friend: bool = False) -> None:
    headers = answer.headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert not {"cache-tag", "surrogate-key"} & set(headers)
    assert {"authorization", "cookie", "origin"} <= set(re.split(", *", headers["vary"].lower()))
    assert headers.get("access-control-allow-origin") == (FRIEND if is_friend else None)


@pytest.mark.parametrize("address", HTTP)
async def test_a_token_in_the_address_opens_it(node: RunningNode, entry: str, address: str):
    address = f"{address.replace('ENTRY', entry)}?token={signed()}"
    answer = await get(node, address, {})
    assert answer.status_code == 200, answer.text
    assert WORD in answer.text


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_an_entry_that_is_not_there_looks_the_same_to_strangers(node: RunningNode, entry: str, accept: str):
    there, missing = [await get(node, f"/blogs/closed/entries/{one}", {}, accept) for one in (entry, NOBODY)]
    assert (there.status_code, there.text) == (missing.status_code, missing.text)


async def test_a_browser_gets_a_page_that_says_what_to_do(node: RunningNode):
    answer = await get(node, "/blogs/closed", {}, "text/html")
    assert "<h1>For readers with access</h1>" in answer.text
    assert WORD not in answer.text


async def test_the_list_has_it_for_those_who_may_read_it(node: RunningNode, entry: str):
    for who, (headers, _) in REFUSED.items():
        answer = await get(node, "/", headers)
        assert answer.status_code == 200
        assert WORD not in answer.text, who
        assert "Open" in answer.text
    for headers in GOOD.values():
        answer = await get(node, "/", headers)
        assert WORD in answer.text
        check_private(answer, headers.get("origin") == FRIEND)
    assert (await get(node, "/", {})).headers["cache-control"] == "no-cache"


async def test_readers_do_not_see_who_may_read(node: RunningNode, entry: str):
    for address in ("/blogs/closed/changes", "/blogs/closed"):
        answer = await get(node, address, GOOD["a token"])
        assert '"access"' not in answer.text
        assert "public_from" not in answer.text


async def test_a_friend_may_send_a_token(node: RunningNode):
    asked = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        answer = await client.options("/blogs/closed/changes", headers={"origin": FRIEND, **asked})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, FRIEND)
        assert answer.headers["access-control-allow-headers"] == "authorization"
        answer = await client.options("/blogs/closed/changes", headers={"origin": "https://elsewhere.example", **asked})
        assert answer.status_code == 405
        assert "access-control-allow-headers" not in answer.headers


# WebSocket


async def code_of(node: RunningNode, query: str = "", **headers: str) -> tuple[int, str]:
    """Return the close code, and everything that the connection has said; 0 if it was open for a message."""
    address = f"{node.websocket_url}/blogs/closed/live{query}"
    headers = {name: value.replace("http://SELF", node.url) for name, value in headers.items()}
    async with connect(address, additional_headers=headers, compression=None) as line:
        try:
            return 0, str(await line.recv())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0, str(closed)


@pytest.mark.parametrize("who", REFUSED)
async def test_a_handshake_is_refused_to(node: RunningNode, entry: str, who: str):
    headers, status = REFUSED[who]
    if "origin" in headers:
        with pytest.raises(InvalidStatus) as refused:
            await code_of(node, **headers)
        assert refused.value.response.status_code == 403
        return
    code, said = await code_of(node, **headers)
    assert code == {401: 4401, 403: 4403}[status]
    assert WORD not in said


@pytest.mark.parametrize("who", GOOD)
async def test_a_handshake_is_accepted_from(node: RunningNode, entry: str, who: str):
    code, said = await code_of(node, **GOOD[who])
    assert (code, WORD in said) == (0, True)


async def test_a_handshake_with_a_token_in_the_address_is_accepted(node: RunningNode, entry: str):
    assert (await code_of(node, f"?since=0&token={signed()}"))[0] == 0
    assert (await code_of(node, "?token=x"))[0] == 4401


# What stays open


async def until_text(line: ClientConnection, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in str(await line.recv()):
            pass


async def streamed(node: RunningNode, blog: str, token: str | None) -> str:
    """Return what an event stream has said until it ended."""
    headers = {"accept": "text/event-stream"} | (authorization(token) if token else {})
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as client:
        return (await client.get(f"/blogs/{blog}/events", headers=headers)).text


async def test_connections_are_closed_when_their_token_ends(node: RunningNode, entry: str):
    loop = asyncio.get_running_loop()
    token = signed(claims(["closed"], seconds=1.5))
    began = loop.time()
    polled = asyncio.create_task(get(node, f"/blogs/closed/changes?wait=20&since={await head(node)}&token={token}", {}))
    events = asyncio.create_task(streamed(node, "closed", token))
    async with connect(f"{node.websocket_url}/blogs/closed/live?token={token}") as line:
        code, said = await closed(line)
    assert (code, WORD in said) == (4401, True)
    assert WORD in (text := await events)
    assert '"code":4401' in text.rpartition("event: close")[2]
    assert (await polled).status_code == 401
    assert 1 < loop.time() - began < 6.5


async def head(node: RunningNode, blog: str = "closed") -> str:
    answer = await get(node, f"/blogs/{blog}/changes", authorization(KEY))
    return str(answer.json()["cursor"])


async def patched(node: RunningNode, blog: str, **header: Any) -> httpx.Response:
    async with node.editor() as editor:
        return await editor.patch(f"/api/blogs/{blog}", json=header)


async def test_guests_are_sent_away_when_a_blog_becomes_private(node: RunningNode):
    blog, token = "turning", signed(claims(["turning"]))
    await node.make_blog(blog, headline="Before")
    address = f"{node.websocket_url}/blogs/{blog}/live"
    async with connect(address) as guest, connect(f"{address}?token={token}") as member:
        await until_text(guest, "Before")
        await until_text(member, "Before")
        events = asyncio.create_task(streamed(node, blog, None))
        since = await head(node, blog)
        polled = asyncio.create_task(get(node, f"/blogs/{blog}/changes?wait=20&since={since}", {}))
        await node.until_readers("sse", 1)
        await node.until_readers("long_poll", 1)
        answer = await patched(node, blog, access="token", headline=WORD)
        assert answer.json()["access"] == "token"
        async with node.editor() as editor:
            await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": WORD})
        assert (await closed(guest))[0] == 4403
        await until_text(member, f"<p>{WORD}</p>")
        answers = [await events, (await polled).text]
        assert (await polled).status_code == 401
    assert WORD not in "".join(answers)
    assert '"code":4403' in answers[0].rpartition("event: close")[2]
    await patched(node, blog, access=None)
    assert (await get(node, f"/blogs/{blog}", {})).status_code == 200


async def test_a_member_stays_when_the_blog_has_opened_and_the_token_ends(node: RunningNode):
    await node.make_blog("opening", access="token")
    token = signed(claims(["opening"], seconds=1.2))
    async with connect(f"{node.websocket_url}/blogs/opening/live?token={token}") as line:
        await line.recv()
        assert (await patched(node, "opening", access="public")).status_code == 200
        await asyncio.sleep(3)
        await patched(node, "opening", headline="Still here")
        await until_text(line, "Still here")
        await patched(node, "opening", access="token")
        assert (await closed(line))[0] == 4403


async def test_connections_are_closed_when_their_key_is_revoked(node: RunningNode, entry: str):
    async with node.editor(key=ADMIN_KEY) as admin:
        made = await admin.post("/api/keys", json={"name": "fred", "role": "reader", "blogs": ["closed"]})
        headers = authorization(made.json()["secret"])
        address = f"{node.websocket_url}/blogs/closed/live"
        async with connect(address, additional_headers=headers, compression=None) as line:
            await until_text(line, WORD)
            events = asyncio.create_task(streamed(node, "closed", made.json()["secret"]))
            await node.until_readers("sse", 1)
            assert (await admin.delete("/api/keys/fred")).status_code == 204
            began = asyncio.get_running_loop().time()
            assert (await closed(line))[0] == 4403
            assert '"code":4403' in (await events).rpartition("event: close")[2]
            assert asyncio.get_running_loop().time() - began < 5


# Who decides


async def test_only_those_who_may_change_the_access(node: RunningNode):
    await node.make_blog("access")
    async with httpx.AsyncClient(base_url=node.url, headers=authorization(OTHER_KEY), trust_env=False) as client:
        answer = await client.patch("/api/blogs/access", json={"access": "token"})
        assert answer.status_code == 403
    assert (await patched(node, "access", access="secret")).status_code == 422
    answer = await patched(node, "access", public_from="2030-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["field"]) == (422, "public_from")
    answer = await patched(node, "access", access="token", public_from="2030-01-01T00:00:00Z")
    assert answer.json()["public_from"] == "2030-01-01T00:00:00.000Z"
    answer = await patched(node, "access", access="public")
    assert "public_from" not in answer.json()
    assert "access" not in answer.json()


async def test_no_log_has_a_token(start_node: StartNode, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    node = await start_node(STOPPRESS_TOKEN_SECRET_FILE=secret_file(tmp_path))
    await node.make_blog("closed", access="token")
    token = signed(claims(["other"]))
    for path in ("/blogs/closed", "/blogs/closed/changes", "/blogs/nothing", "/nowhere/"):
        await get(node, f"{path}?token={token}", {})
    async with node.editor() as editor:
        await editor.post(f"/api/blogs/closed/entries?token={token}", json={"markdown": "x"})
    with pytest.raises(ConnectionClosed):
        async with connect(f"{node.websocket_url}/blogs/closed/live?token={token}") as line:
            await line.recv()
    await node.stop()
    assert token not in "".join(capfd.readouterr())
