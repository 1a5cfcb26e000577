"""The public keys of tokens, from a file or an address, and what does not come from there."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from joserfc.jwk import ECKey

from stoppress.access import fetch
from stoppress.access import jwks as module
from stoppress.access.fetch import MAX_BYTES
from stoppress.access.jwks import Jwks
from stoppress.access.key_set import TokenKeys
from stoppress.access.tokens import Tokens
from stoppress.errors import StartError, StoreUnavailable, TokenNeeded
from tests.support.tokens import signed

FIRST, SECOND = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


def document(**keys: ECKey) -> bytes:
    return json.dumps({"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in keys.items()]}).encode()


class Provider:
    """A web server that gives the keys, or whatever it is told to give."""

    def __init__(self) -> None:
        self.status, self.body, self.seconds = 200, document(first=FIRST), 0.0
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                time.sleep(provider.seconds)
                self.send_response(provider.status)
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(provider.body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


def token(kid: str, key: ECKey) -> str:
    return signed(key=key, algorithm="ES256", kid=kid)


async def test_keys_come_from_a_file(tmp_path: Path):
    file = tmp_path / "jwks.json"
    file.write_bytes(document(first=FIRST))
    jwks = Jwks(TokenKeys(), str(file))
    with pytest.raises(StoreUnavailable, match="not been able to read"):
        jwks.keys()
    assert await jwks.refresh()
    assert Tokens(jwks.keys, time.time).check(token("first", FIRST))
    keys = jwks.keys()
    await jwks.refresh()
    assert jwks.keys() is keys, "nothing has changed"
    file.write_bytes(document(second=SECOND))
    await jwks.refresh()
    with pytest.raises(TokenNeeded):
        Tokens(jwks.keys, time.time).check(token("first", FIRST))


async def test_a_new_key_is_read_when_a_token_names_it(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MIN_PAUSE_SECONDS", 0.05)
    jwks = Jwks(TokenKeys(), provider.url)
    tokens = Tokens(jwks.keys, time.time, jwks.unknown_key)
    watching = asyncio.create_task(jwks.watch())

    async def opens(kid: str, key: ECKey) -> None:
        async with asyncio.timeout(10):
            while True:
                try:
                    tokens.check(token(kid, key))
                except (StoreUnavailable, TokenNeeded):
                    await asyncio.sleep(0.01)
                else:
                    return

    await opens("first", FIRST)
    asked = len(provider.asked)
    provider.body = document(first=FIRST, second=SECOND)
    await asyncio.sleep(0.3)
    assert len(provider.asked) == asked, "nobody has asked for another key"
    await opens("second", SECOND)
    assert len(provider.asked) <= asked + 2
    watching.cancel()


@pytest.mark.parametrize("kind", ["missing", "redirect", "10 MB", "no JSON", "late", "empty"])
async def test_what_is_not_a_key_set_changes_nothing(
    provider: Provider, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(fetch, "FETCH_SECONDS", 0.5)
    jwks = Jwks(TokenKeys(), provider.url)
    assert await jwks.refresh()
    keys = jwks.keys()
    match kind:
        case "missing":
            provider.status = 404
        case "redirect":
            provider.status, provider.headers = 302, {"location": "http://169.254.169.254/latest"}
        case "10 MB":
            provider.body = b" " * (10 * 1024 * 1024)
        case "no JSON":
            provider.body = b"<html>"
        case "late":
            provider.seconds = 1.0
        case "empty":
            provider.body = b'{"keys":[]}'
    assert not await jwks.refresh()
    assert jwks.keys() is keys
    assert "cannot_read_token_keys" in caplog.text
    assert all(path == "/jwks.json" for path in provider.asked)


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Make a certificate that is its own authority. Return its file and that of its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    making = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
    names = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-out", str(made), "-keyout", str(key)]
    subprocess.run([*making.split(), *names], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(("host", "is_read"), [("login.example.org", True), ("other.example.org", False)])
async def test_an_address_with_tls_is_read_if_the_certificate_is_for_its_name(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_read: bool
):
    made, key = certificate(tmp_path, "login.example.org")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made, key)
    provider.server.socket = tls.wrap_socket(provider.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    monkeypatch.setattr(fetch, "_address_of", AsyncMock(return_value="127.0.0.1"))
    jwks = Jwks(TokenKeys(), f"https://{host}:{provider.server.server_port}/jwks.json")
    assert await jwks.refresh() is is_read
    assert len(provider.asked) == is_read


async def test_a_file_that_is_too_long_or_not_there_is_not_read(tmp_path: Path):
    file = tmp_path / "jwks.json"
    assert not await Jwks(TokenKeys(), str(file)).refresh()
    file.write_bytes(b" " * (MAX_BYTES + 1))
    assert not await Jwks(TokenKeys(), str(file)).refresh()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]"])
async def test_an_address_inside_is_not_asked(host: str, caplog: pytest.LogCaptureFixture):
    assert not await Jwks(TokenKeys(), f"https://{host}/jwks.json").refresh()
    assert "not an address of the internet" in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    "address",
    ["http://example.org/jwks", "ftp://example.org/x", "https://a:b@example.org/x", "https:///x", "http://10.0.0.1/x"],
)
def test_an_address_that_is_not_allowed_stops_the_start(address: str):
    with pytest.raises(StartError, match="STOPPRESS_TOKEN_JWKS"):
        Jwks(TokenKeys(), address)
