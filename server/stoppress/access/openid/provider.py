"""What a node asks an OpenID provider: its addresses, its keys, and the ID token for a code.

The limits: `https`, or `http` on this machine only; no redirects; at most 256 KB; at most 10 seconds.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from stoppress.access.openid.id_token import PublicKey, public_keys
from stoppress.errors import ProviderUnavailable, SignInRefused, StartError

MAX_BYTES = 256 * 1024
"""Maximum size of an answer."""

FETCH_SECONDS = 10.0
"""Maximum duration of one request."""

KEPT_SECONDS = 3600.0
"""Seconds for which addresses and keys are kept."""

MIN_PAUSE_SECONDS = 10.0
"""Minimum time between two reads of the keys after a token with an unknown one."""

_AT_A_TIME = 20
"""Maximum requests to the provider at the same time."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

log = logging.getLogger("stoppress.openid")


class Provider:
    """See the module's docstring.

    Args:
        issuer: its address, as its ID tokens name it.
        client_id: who this server is there.
        client_secret: proves that; empty: PKCE alone does.

    Raises:
        StartError: the issuer or the client is not allowed.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        if not is_allowed(issuer):
            raise StartError(f"STOPPRESS_OIDC_ISSUER={issuer[:100]}: use https://, or http:// on this machine only")
        if not client_id:
            raise StartError("STOPPRESS_OIDC_CLIENT_ID is empty; set it to the id that the OpenID provider has given")
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: dict[str | None, PublicKey] = {}
        self._keys_read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._failed_at = float("-inf")
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._tls: ssl.SSLContext | None = None

    async def address(self, name: str) -> str:
        """Return an address of the provider, such as `authorization_endpoint`. Raises `ProviderUnavailable`."""
        async with self._one_reads():
            if time.monotonic() >= self._metadata_until:
                self._metadata = await self._read_metadata()
                self._metadata_until = time.monotonic() + KEPT_SECONDS
        address = self._metadata.get(name)
        if not isinstance(address, str) or not is_allowed(address):
            raise _unavailable(f"its {name} is not an https:// address")
        return address

    async def keys(self, *, has_unknown: bool = False) -> dict[str | None, PublicKey]:
        """Return the keys of ID tokens by id; `has_unknown`: a token names another. Raises `ProviderUnavailable`."""
        address = await self.address("jwks_uri")
        async with self._one_reads():
            age = time.monotonic() - self._keys_read_at
            if age > KEPT_SECONDS or (has_unknown and age > MIN_PAUSE_SECONDS):
                document = await self._fetch("GET", address)
                self._keys = await asyncio.to_thread(public_keys, document)
                self._keys_read_at = time.monotonic()
        return self._keys

    async def id_token(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Return the ID token for a code.

        Raises:
            ProviderUnavailable: the provider does not answer as it should.
            SignInRefused: the provider does not take the code.
        """
        address = await self.address("token_endpoint")  # reads the metadata
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        methods = self._metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = None
        if self._secret and isinstance(methods, list) and "client_secret_basic" in methods:
            basic = (quote(self.client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self.client_id} | ({"client_secret": self._secret} if self._secret else {})
        answer = await self._fetch("POST", address, form, basic)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _unavailable("it gives no ID token")
        return token

    @asynccontextmanager
    async def _one_reads(self) -> AsyncIterator[None]:
        """Let one request read what others wait for. If that fails, those that wait fail as well."""
        asked_at = time.monotonic()
        async with self._reading:
            if self._failed_at >= asked_at:
                raise ProviderUnavailable()
            try:
                yield
            except ProviderUnavailable:
                self._failed_at = time.monotonic()
                raise

    async def _read_metadata(self) -> dict[str, Any]:
        metadata = await self._fetch("GET", f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self.issuer:
            raise _unavailable(f"it calls itself {str(metadata.get('issuer'))[:100]!r}, not {self.issuer!r}")
        return metadata

    async def _fetch(
        self, method: str, address: str, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the JSON object that an address answers."""
        import httpx  # only nodes with a provider need it

        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)  # takes tens of milliseconds
        body = b""
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                self._places,
                httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=FETCH_SECONDS, auth=basic) as client,
                client.stream(method, address, data=form, headers={"accept": "application/json"}) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise _unavailable(f"its answer has more than {MAX_BYTES // 1024} KB")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _unavailable(str(error) or f"no answer in {FETCH_SECONDS:.0f} s") from None
        if method == "POST" and answer.status_code in (400, 401, 403):
            log.warning("openid_code_refused", extra={"status": answer.status_code, "answer": str(body[:200])})
            raise SignInRefused("The OpenID provider does not take the code of this sign-in. Sign in again.")
        return _object(answer.status_code, body)


def is_allowed(address: str) -> bool:
    """Return whether a node may send a request to an address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_plain = re.fullmatch(r"[\x21-\x7e]{1,1000}", address) is not None and parts.username is None and host != ""
    return is_plain and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _object(status: int, body: bytes) -> dict[str, Any]:
    if status != 200:
        raise _unavailable(f"it answered with the status {status}")
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _unavailable("its answer is not a JSON object")
    return content


def _unavailable(reason: str) -> ProviderUnavailable:
    log.warning("openid_provider_unavailable", extra={"error": reason[:300]})
    return ProviderUnavailable()
