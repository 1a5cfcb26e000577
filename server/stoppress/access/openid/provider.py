"""The requests of a node to an OpenID provider: for its addresses, its keys, and the ID token for a code.

The provider may be inside the network; `fetch.py` has the limits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import msgspec

from stoppress.access.fetch import FetchFailed, LimitedClient, is_allowed
from stoppress.access.jwks import MIN_PAUSE_SECONDS
from stoppress.access.key_set import ID_TOKEN, TokenKeys, public_keys
from stoppress.errors import ProviderUnavailable, SignInRefused, StartError

KEPT_SECONDS = 3600.0
"""Seconds for which addresses and keys are kept."""

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
        self._keys = TokenKeys()
        self._keys_read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._failed_at = float("-inf")
        self._client = LimitedClient(may_be_inside=True)

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

    async def keys(self, *, has_unknown: bool = False) -> TokenKeys:
        """Return the keys of ID tokens; `has_unknown`: a token names another. Raises `ProviderUnavailable`."""
        address = await self.address("jwks_uri")
        async with self._one_reads():
            age = time.monotonic() - self._keys_read_at
            if age > KEPT_SECONDS or (has_unknown and age > MIN_PAUSE_SECONDS):
                document = await self._fetch(address)
                self._keys = TokenKeys(public=await asyncio.to_thread(public_keys, document.get("keys"), ID_TOKEN))
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
        answer = await self._fetch(address, form, basic)
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
        metadata = await self._fetch(f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self.issuer:
            raise _unavailable(f"it calls itself {str(metadata.get('issuer'))[:100]!r}, not {self.issuer!r}")
        return metadata

    async def _fetch(
        self, address: str, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the JSON object that an address answers."""
        try:
            status, body = await self._client.fetch(address, form, basic)
        except FetchFailed as error:
            raise _unavailable(str(error)) from None
        if form is not None and status in (400, 401, 403):
            log.warning("openid_code_refused", extra={"status": status, "answer": str(body[:200])})
            raise SignInRefused("The OpenID provider does not take the code of this sign-in. Sign in again.")
        return _object(status, body)


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
