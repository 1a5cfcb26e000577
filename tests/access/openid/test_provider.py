"""Providers that do not answer as they should: slow, huge, elsewhere, or with something else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from loadtest.ports import free_port
from stoppress.access import fetch
from stoppress.access.fetch import is_allowed
from stoppress.access.key_set import TokenKeys
from stoppress.access.openid import provider as module
from stoppress.access.openid.provider import Provider
from stoppress.errors import ProviderUnavailable, SignInRefused, StartError


class Site:
    """A server that answers what a test says, by path, and counts the requests."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.sent: list[bytes] = []

    def answer(self, path: str, content: Any, status: str = "200 OK", headers: str = "") -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}connection: close\r\n\r\n"
        self.answers[path] = head.encode() + body

    def describe(self, **changes: Any) -> None:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        document = {"issuer": self.url} | {name: f"{self.url}/{name}" for name in names} | changes
        self.answer("/.well-known/openid-configuration", document)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
        self.sent.append(head.encode() + await reader.readexactly(size))
        path = head.split(" ")[1]
        self.asked.append(path)
        if answer := self.answers.get(path):
            writer.write(answer)
        elif path not in self.answers:
            await asyncio.sleep(3600)
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", int(site.url.rpartition(":")[2]))
    site.describe()
    yield site
    server.close()


@pytest.fixture
def provider(site: Site) -> Provider:
    return Provider(site.url, "stoppress", "secret")


async def test_addresses_are_read_once_for_many(site: Site, provider: Provider):
    found = await asyncio.gather(*(provider.address("token_endpoint") for _ in range(10)))
    assert set(found) == {f"{site.url}/token_endpoint"}
    assert len(site.asked) == 1


BREAK: dict[str, Callable[[Site], None]] = {
    "nothing": lambda site: site.answers.update({"/.well-known/openid-configuration": b""}),
    "an error": lambda site: site.answer("/.well-known/openid-configuration", {}, "500 Error"),
    "a redirect": lambda site: site.answer(
        "/.well-known/openid-configuration", {}, "302 Found", f"location: {site.url}/inside\r\n"
    ),
    "10 MB": lambda site: site.answer("/.well-known/openid-configuration", b" " * 10_000_000),
    "no JSON": lambda site: site.answer("/.well-known/openid-configuration", b"<html>"),
    "deep JSON": lambda site: site.answer("/.well-known/openid-configuration", b"[" * 100_000),
    "a list": lambda site: site.answer("/.well-known/openid-configuration", []),
    "another issuer": lambda site: site.describe(issuer="https://evil.example"),
    "an address inside": lambda site: site.describe(token_endpoint="http://10.0.0.1/token"),
    "a file": lambda site: site.describe(token_endpoint="file:///etc/passwd"),
    "no address": lambda site: site.describe(token_endpoint=7),
}


@pytest.mark.parametrize("what", BREAK)
async def test_a_wrong_answer_is_not_used(site: Site, provider: Provider, what: str):
    BREAK[what](site)
    with pytest.raises(ProviderUnavailable, match="does not answer as it should; see the server log"):
        await provider.address("token_endpoint")
    assert set(site.asked) == {"/.well-known/openid-configuration"}
    site.describe()
    provider._metadata_until = 0
    assert await provider.address("token_endpoint"), "it recovers"


async def test_those_that_wait_fail_together(site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetch, "FETCH_SECONDS", 0.3)
    del site.answers["/.well-known/openid-configuration"]
    waiting = [provider.address("token_endpoint") for _ in range(10)]
    async with asyncio.timeout(2):
        failed = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in failed} == {ProviderUnavailable}
    assert len(site.asked) == 1


async def test_keys_are_read_again_for_an_unknown_one_but_not_all_the_time(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    site.answer("/jwks_uri", {"keys": []})
    for _ in range(3):
        assert await provider.keys() == TokenKeys()
        assert await provider.keys(has_unknown=True) == TokenKeys()
    assert site.asked.count("/jwks_uri") == 1
    monkeypatch.setattr(module, "MIN_PAUSE_SECONDS", 0.0)
    await provider.keys(has_unknown=True)
    assert site.asked.count("/jwks_uri") == 2


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        ({"error": "invalid_grant"}, "400 Bad Request", SignInRefused),
        ({"error": "invalid_client"}, "401 Unauthorized", SignInRefused),
        ({}, "302 Found", ProviderUnavailable),
        ({}, "500 Error", ProviderUnavailable),
        ({}, "200 OK", ProviderUnavailable),
        ({"id_token": 7}, "200 OK", ProviderUnavailable),
        (b"x", "200 OK", ProviderUnavailable),
    ],
)
async def test_without_an_id_token_nobody_signs_in(
    site: Site, provider: Provider, content: Any, status: str, error: type[Exception]
):
    site.answer("/token_endpoint", content, status)
    with pytest.raises(error):
        await provider.id_token("code", "verifier", "https://live.example.org/back")


@pytest.mark.parametrize(
    ("methods", "secret", "expected"),
    [
        (None, "s ecret", b"authorization: Basic c3RvcHByZXNzOnMlMjBlY3JldA=="),
        (["client_secret_post"], "secret", b"client_id=stoppress&client_secret=secret"),
        (["client_secret_basic"], "", b"&client_id=stoppress"),
    ],
)
async def test_the_server_proves_who_it_is(site: Site, methods: Any, secret: str, expected: bytes):
    site.describe(**({"token_endpoint_auth_methods_supported": methods} if methods else {}))
    site.answer("/token_endpoint", {"id_token": "x.y.z"})
    provider = Provider(site.url, "stoppress", secret)
    assert await provider.id_token("c&d", "v", "https://live.example.org/back") == "x.y.z"
    sent = site.sent[-1]
    assert expected.lower() in sent.lower()
    assert b"grant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Flive.example.org%2Fback" in sent


@pytest.mark.parametrize(
    "issuer",
    ["http://id.example.org", "id.example.org", "ftp://x", "https://", "https://a@x", "https://x y", "http://[x"],
)
def test_an_issuer_needs_tls(issuer: str):
    assert not is_allowed(issuer)
    with pytest.raises(StartError, match=r"STOPPRESS_OIDC_ISSUER=.*: use https://"):
        Provider(issuer, "stoppress", "")


def test_a_provider_needs_a_client():
    assert is_allowed("https://id.example.org/realms/news") and is_allowed("http://[::1]:8080")
    with pytest.raises(StartError, match="STOPPRESS_OIDC_CLIENT_ID is empty"):
        Provider("https://id.example.org", "", "")
