"""Signing in with a real OpenID provider."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from stoppress.access.openid.sign_in import _part
from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.openid_provider import OpenIDProvider, openid_provider, query_of
from tests.support.people import COOKIE, browser, make_person, stranger

CALLBACK = "/api/session/oidc/callback"

STATE_COOKIE = "__Host-stoppress-oidc"

_numbers = count(1)


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIDProvider]:
    with openid_provider() as provider:
        yield provider


def environ(provider: OpenIDProvider, folder: Path) -> dict[str, str]:
    secret = folder / "secret"
    secret.write_text("secret of: the node\n")
    return {
        "STOPPRESS_OIDC_ISSUER": provider.url,
        "STOPPRESS_OIDC_CLIENT_ID": "stoppress",
        "STOPPRESS_OIDC_CLIENT_SECRET_FILE": str(secret),
        "STOPPRESS_OIDC_ROLES": "groups:newsroom=editor groups:desk=admin",
        "STOPPRESS_MAX_GUESSES": "0",
    }


@pytest.fixture(scope="module")
async def node(provider: OpenIDProvider, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    folder = tmp_path_factory.mktemp("store")
    node = RunningNode(sqlite_url(folder), None, **environ(provider, folder))
    node._environ["STOPPRESS_PUBLIC_URL"] = node.url  # it knows its port now
    async with node:
        yield node


@pytest.fixture
def name() -> str:
    return f"person-{next(_numbers)}"


async def begin(node: RunningNode) -> tuple[str, str]:
    """Return the address of the provider to which a node sends a browser, and the secret in the browser's cookie."""
    async with stranger(node) as client:
        answer = await client.get("/api/session/oidc")
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.endswith("; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax")
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"], SimpleCookie(cookie)[STATE_COOKIE].value


async def come_back(node: RunningNode, back: str, secret: str = "") -> httpx.Response:
    cookies = {"cookie": f"{STATE_COOKIE}={secret}"} if secret else {}
    async with stranger(node, **cookies) as client:
        return await client.get(back)


async def sign_in(node: RunningNode, provider: OpenIDProvider, subject: str) -> httpx.Response:
    address, secret = await begin(node)
    return await come_back(node, await provider.log_in(address, subject), secret)


def session_of(answer: httpx.Response) -> str:
    """Return the session that an answer gives to a browser."""
    cookies = SimpleCookie()
    for cookie in answer.headers.get_list("set-cookie"):
        cookies.load(cookie)
    assert cookies[STATE_COOKIE].value == "", "it is taken from the browser"
    return cookies[COOKIE].value


async def test_a_person_signs_in_with_a_role_from_a_claim_and_signs_out(
    node: RunningNode, provider: OpenIDProvider, name: str
):
    provider.set_user(f"sub of {name}", preferred_username=name, name="Ann Lee", groups=["staff", "newsroom"])
    answer = await sign_in(node, provider, f"sub of {name}")
    assert answer.status_code == 200, answer.text
    assert '<meta http-equiv="refresh" content="0; url=/desk">' in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"
    secret = session_of(answer)
    async with browser(node, secret) as client:
        current = (await client.get("/api/session")).json()
        assert (current["name"], current["display_name"], current["role"]) == (name, "Ann Lee", "editor")
        client.headers["stoppress-csrf"] = current["csrf_token"]
        assert (await client.delete("/api/session")).status_code == 204
        assert (await client.get("/api/session")).status_code == 401
    async with node.editor(key=ADMIN_KEY) as admin:
        acts = (await admin.get("/api/audit", params={"limit": 3})).json()["acts"]
    told = [(act["action"], act["who"]["kind"], act["item"], act["address"]) for act in reversed(acts)]
    assert told == [
        ("put_person", "node", name, "127.0.0.1"),
        ("sign_in", "person", name, "127.0.0.1"),
        ("sign_out", "person", name, "127.0.0.1"),
    ]


async def test_the_code_is_bound_to_this_server_and_this_sign_in(
    node: RunningNode, provider: OpenIDProvider, name: str
):
    provider.set_user(name, preferred_username=name, groups="newsroom")
    address, secret = await begin(node)
    asked = query_of(address)
    assert asked["redirect_uri"] == node.url + CALLBACK
    assert (asked["client_id"], asked["response_type"]) == ("stoppress", "code")
    assert asked["scope"] == "openid profile email" and asked["code_challenge_method"] == "S256"
    assert (await come_back(node, await provider.log_in(address, name), secret)).status_code == 200
    sent = provider.token_requests()[-1]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest())
    assert challenge.decode().rstrip("=") == asked["code_challenge"]
    assert (sent["client"], sent["secret"]) == ("stoppress", "secret%20of%3A%20the%20node")
    assert len({asked["state"], asked["nonce"], sent["code_verifier"], secret}) == 4
    again, _ = await begin(node)
    assert query_of(again)["state"] != asked["state"] and query_of(again)["nonce"] != asked["nonce"]


async def test_the_role_follows_the_claims_and_the_blogs_stay(node: RunningNode, provider: OpenIDProvider, name: str):
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    first = session_of(await sign_in(node, provider, name))
    async with node.editor(key=ADMIN_KEY) as admin, browser(node, first) as client:
        limited = {"role": "editor", "blogs": ["sport-*"]}
        assert (await admin.put(f"/api/people/{name}", json=limited)).status_code == 200
        provider.set_user(name, preferred_username=name, groups=["newsroom", "desk"])
        second = session_of(await sign_in(node, provider, name))
        async with browser(node, second) as other:
            current = (await other.get("/api/session")).json()
        assert (current["role"], current["blogs"]) == ("admin", ["sport-*"])

        provider.set_user(name, preferred_username=name, groups=["newsroom"])
        await sign_in(node, provider, name)
        person = (await admin.get(f"/api/people/{name}")).json()
        assert (person["role"], person["has_password"], person["created_by"]) == ("editor", False, "stoppress")
        assert (await admin.put(f"/api/people/{name}", json=limited | {"disabled": True})).status_code == 200
        assert (await client.get("/api/session")).status_code == 401
        refused = await sign_in(node, provider, name)
    assert refused.status_code == 403
    assert f"Person '{name}' is disabled." in refused.json()["detail"]


async def test_who_has_lost_its_role_loses_its_sessions_when_it_comes_back(
    node: RunningNode, provider: OpenIDProvider, name: str
):
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    async with browser(node, session_of(await sign_in(node, provider, name))) as client:
        assert (await client.get("/api/session")).status_code == 200
        provider.set_user(name, preferred_username=name, groups=[])
        assert (await sign_in(node, provider, name)).status_code == 403

        async with asyncio.timeout(5):
            while (await client.get("/api/session")).status_code == 200:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({}, "gives you no role here"),
        ({"groups": ["staff"]}, "gives you no role here"),
        ({"groups": {"newsroom": True}}, "gives you no role here"),
        ({"groups": ["newsroom"], "preferred_username": None}, "does not give your name (`preferred_username`)"),
        ({"groups": ["newsroom"], "preferred_username": "Ann Lee"}, "Names of people have 1 to 64 letters"),
    ],
)
async def test_who_has_no_role_or_no_name_is_told_so(
    node: RunningNode, provider: OpenIDProvider, name: str, claims: dict[str, object], detail: str
):
    provider.set_user(name, **{"preferred_username": name, **claims})
    answer = await sign_in(node, provider, name)
    assert answer.status_code == 403
    assert detail in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


async def test_nobody_becomes_somebody_else_by_a_name(node: RunningNode, provider: OpenIDProvider, name: str):
    await make_person(node, name, "admin")
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    refused = await sign_in(node, provider, name)
    assert (refused.status_code, "is somebody else here" in refused.json()["detail"]) == (403, True)
    other = f"{name}-other"
    provider.set_user("one", preferred_username=other, groups=["newsroom"])
    provider.set_user("two", preferred_username=other, groups=["desk"])
    assert (await sign_in(node, provider, "one")).status_code == 200
    assert (await sign_in(node, provider, "two")).status_code == 403


# Attacks


async def test_a_stolen_state_is_of_no_use_in_another_browser(node: RunningNode, provider: OpenIDProvider, name: str):
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    address, secret = await begin(node)
    back = await provider.log_in(address, name)
    _, others = await begin(node)
    for stolen in ("", others, "x", secret[:-1] + ("A" if secret[-1] != "A" else "B"), "é"):
        answer = await come_back(node, back, stolen.encode().decode("latin-1") if stolen.isascii() else "")
        assert answer.status_code == 403
        assert "not begun in this browser" in answer.json()["detail"]
    before = len(provider.token_requests())
    assert (await come_back(node, back, secret)).status_code == 200, "the code was not used up"
    assert len(provider.token_requests()) == before + 1


async def test_a_replayed_code_is_refused(node: RunningNode, provider: OpenIDProvider, name: str):
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    address, secret = await begin(node)
    back = await provider.log_in(address, name)
    assert (await come_back(node, back, secret)).status_code == 200
    again = await come_back(node, back, secret)
    assert again.status_code == 403
    assert "does not take the code" in again.json()["detail"]
    fresh = await provider.log_in(address, name)
    answer = await come_back(node, fresh, secret)
    assert answer.status_code == 403, "a sign-in is done once, also with another code"
    assert "was done before" in answer.json()["detail"]


async def test_the_code_of_another_sign_in_is_refused(node: RunningNode, provider: OpenIDProvider, name: str):
    """The nonce is wrong: an attacker puts the code of one sign-in into another."""
    provider.set_user(name, preferred_username=name, groups=["newsroom"])
    address, secret = await begin(node)
    other, _ = await begin(node)
    code = query_of(await provider.log_in(other, name))["code"]
    back = f"{CALLBACK}?{urlencode({'code': code, 'state': query_of(address)['state']})}"
    answer = await come_back(node, back, secret)
    assert answer.status_code == 403
    assert "belongs to another sign-in (`nonce`)" in answer.json()["detail"]


async def test_a_malformed_way_back_is_refused(node: RunningNode):
    address, secret = await begin(node)
    state = query_of(address)["state"]
    for query, status in (
        ("", 400),
        ("?code=x", 400),
        (f"?state={state}", 400),
        (f"?code={'x' * 5000}&state={state}", 400),
        ("?error=access_denied", 403),
        (f"?code=made-up&state={state}", 403),
        ("?code=x&state=%C3%A9", 403),
    ):
        answer = await come_back(node, CALLBACK + query, secret)
        assert answer.status_code == status, answer.text
        assert "set-cookie" not in answer.headers


async def test_an_old_sign_in_is_refused(node: RunningNode):
    _, secret = await begin(node)
    for seconds in (-700, 700):
        other = f"{int(secret[:10]) + seconds}{secret[10:]}"
        answer = await come_back(node, f"{CALLBACK}?{urlencode({'code': 'x', 'state': _part(other, 'state')})}", other)
        assert answer.status_code == 403
        assert "took more than 10 minutes" in answer.json()["detail"]


async def test_codes_are_guessed_slowly(start_node: StartNode, provider: OpenIDProvider, tmp_path: Path):
    settings = environ(provider, tmp_path) | {"STOPPRESS_MAX_GUESSES": "3", "STOPPRESS_PUBLIC_URL": "http://localhost"}
    node = await start_node(**settings)
    answers = [await come_back(node, f"{CALLBACK}?code=x&state=y") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [403] * 3 + [429] * 2


# Providers that do not answer as they should


async def test_a_provider_that_does_not_answer_is_told_from_a_wrong_sign_in(
    start_node: StartNode, provider: OpenIDProvider, tmp_path: Path
):
    settings = environ(provider, tmp_path) | {"STOPPRESS_PUBLIC_URL": "https://live.example.org"}
    for issuer in ("http://127.0.0.1:9", f"{provider.url}/"):
        settings["STOPPRESS_OIDC_ISSUER"] = issuer
        node = await start_node(f"sqlite:{tmp_path / str(next(_numbers))}", **settings)
        async with stranger(node) as client:
            answer = await client.get("/api/session/oidc")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "OpenID provider" in answer.json()["detail"]
        await node.stop()


async def test_without_a_provider_there_is_nothing(start_node: StartNode):
    node = await start_node()
    async with stranger(node) as client:
        for address in ("/api/session/oidc", CALLBACK):
            answer = await client.get(address)
            assert answer.status_code == 404
            assert "STOPPRESS_OIDC_ISSUER" in answer.json()["detail"]
