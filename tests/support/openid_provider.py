"""A real OpenID provider on this machine, in a process of its own, and what a browser does there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from loadtest.ports import free_port

_RUN = """
import sys
import flask
import oidc_provider_mock

app, requests = oidc_provider_mock.app(require_nonce=True), []

@app.before_request
def note():
    if flask.request.path == "/oauth2/token":
        sent = flask.request.authorization
        requests.append({**flask.request.form, **({"client": sent.username, "secret": sent.password} if sent else {})})

@app.get("/token-requests")
def token_requests():
    return flask.jsonify(requests)

app.run("127.0.0.1", int(sys.argv[1]), debug=False, threaded=True)
"""
"""`oidc-provider-mock`, which also tells which requests for tokens it got."""


class OpenIDProvider:
    """A provider that is running at an address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set_user(self, subject: str, **claims: Any) -> None:
        answer = httpx.put(f"{self.url}/users/{subject}", json=claims, trust_env=False)
        assert answer.status_code == 204, answer.text

    def token_requests(self) -> list[dict[str, str]]:
        """Return the forms of the requests for tokens, each with `client` and `secret` of its basic authentication."""
        found: list[dict[str, str]] = httpx.get(f"{self.url}/token-requests", trust_env=False).json()
        return found

    async def log_in(self, address: str, subject: str) -> str:
        """Log in at the address to which a node has sent a browser. Return the path and query of the way back."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"


def query_of(address: str) -> dict[str, str]:
    """Return the parameters of an address, each with its first value."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@contextmanager
def openid_provider() -> Iterator[OpenIDProvider]:
    port = free_port()
    provider = OpenIDProvider(f"http://127.0.0.1:{port}")
    command = [sys.executable, "-W", "ignore", "-c", _RUN, str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_answers(provider, process)
            yield provider
        finally:
            process.terminate()


def _wait_until_it_answers(provider: OpenIDProvider, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            provider.token_requests()
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError(f"the provider did not start, exit code {process.poll()}")
