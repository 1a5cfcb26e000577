"""People who sign in to a real node, as their browsers do it."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import httpx

from tests.support.node import ADMIN_KEY, RunningNode

PASSWORD = "correct horse battery"

COOKIE = "__Host-stoppress"


async def make_person(node: RunningNode, name: str, role: str = "editor", **fields: Any) -> None:
    async with node.editor(key=ADMIN_KEY) as admin:
        answer = await admin.put(f"/api/people/{name}", json={"role": role, "password": PASSWORD, **fields})
        assert answer.status_code in (200, 201), answer.text


async def post_password(node: RunningNode, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    async with stranger(node, **headers) as client:
        return await client.post("/api/session", json={"name": name, "password": password})


async def sign_in(node: RunningNode, name: str, **headers: str) -> httpx.AsyncClient:
    """Return a browser with a session, on a page of the site."""
    answer = await post_password(node, name, **headers)
    assert answer.status_code == 201, answer.text
    return browser(node, cookie_of(answer), answer.json()["csrf_token"])


def browser(node: RunningNode, secret: str, csrf_token: str = "") -> httpx.AsyncClient:
    """Return a client that sends what a page of the site sends."""
    headers = {"cookie": f"{COOKIE}={secret}", "origin": node.url, "stoppress-csrf": csrf_token}
    return stranger(node, **{name: value for name, value in headers.items() if value})


def stranger(node: RunningNode, **headers: str) -> httpx.AsyncClient:
    """Return a client without a key and without a cookie."""
    return httpx.AsyncClient(base_url=node.url, headers=headers, timeout=60, verify=False, trust_env=False)


def cookie_of(answer: httpx.Response) -> str:
    """Return the secret in the session cookie that an answer sets."""
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE].value
