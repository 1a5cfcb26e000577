"""Reads the public keys of readers' tokens from a file or an address, again and again, because keys are rotated.

The limits: `https` only, no redirects, no addresses inside a network, at most 256 KB, at most 10 seconds. The one
exception is `http` to this machine (127.0.0.1, ::1 or localhost), where a program of the operator may serve the keys.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

from stoppress.access.key_set import TokenKeys, WrongKeySet
from stoppress.errors import StartError, StoreUnavailable

MAX_BYTES = 256 * 1024
"""Maximum size of a JWKS."""

FETCH_SECONDS = 10.0
"""Maximum duration of one read."""

REFRESH_SECONDS = 300.0
"""Time between two reads."""

MIN_PAUSE_SECONDS = 10.0
"""Minimum time between two reads: after a token with an unknown key, and after a failure."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_HEADERS = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}

log = logging.getLogger("stoppress.tokens")


class Jwks:
    """The keys of tokens, with public keys from a place that may change.

    Args:
        secret: the keys that do not change.
        place: a path or an address; empty: there are no public keys.

    Raises:
        StartError: the address is not allowed.
    """

    def __init__(self, secret: TokenKeys, place: str) -> None:
        self._secret = secret
        self._place = place
        self._keys: TokenKeys | None = None if place else secret
        self._wanted = asyncio.Event()
        self._is_address = "://" in place
        if self._is_address:
            _require_allowed(place)

    def keys(self) -> TokenKeys:
        """Return the keys of now. Raises `StoreUnavailable` if the public keys have not been read yet."""
        if self._keys is None:
            raise StoreUnavailable("This server has not been able to read the keys of tokens yet. Try again shortly.")
        return self._keys

    def unknown_key(self) -> None:
        """Read the keys again soon: a token names one that is not among them."""
        self._wanted.set()

    async def watch(self) -> None:
        """Read the keys regularly until cancelled. If that fails, the old ones stay."""
        if not self._place:
            return
        while True:
            self._wanted.clear()
            is_read = await self.refresh()
            began = time.monotonic()
            await asyncio.sleep(MIN_PAUSE_SECONDS)
            if is_read:
                try:
                    async with asyncio.timeout(REFRESH_SECONDS - (time.monotonic() - began)):
                        await self._wanted.wait()
                except TimeoutError:
                    pass

    async def read(self) -> TokenKeys:
        """Return the keys that the place has now. Raises `OSError`, `WrongKeySet` and `TimeoutError`."""
        async with asyncio.timeout(FETCH_SECONDS):
            document = await (_fetched(self._place) if self._is_address else asyncio.to_thread(_read, self._place))
        return await asyncio.to_thread(self._secret.with_public, document)

    async def refresh(self) -> bool:
        """Read the keys once. Return False if that failed."""
        try:
            keys = await self.read()
        except (OSError, WrongKeySet, TimeoutError) as error:
            reason = str(error) or f"no answer in {FETCH_SECONDS:.0f} s"
            log.warning("cannot_read_token_keys", extra={"place": self._place, "error": reason[:300]})
            return False
        if keys != self._keys:  # the same object as long as nothing changes: results of checks belong to it
            self._keys = keys
        return True


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return _limited(file.read(MAX_BYTES + 1))


def _limited(document: bytes) -> bytes:
    if len(document) > MAX_BYTES:
        raise WrongKeySet(f"it has more than {MAX_BYTES // 1024} KB")
    return document


def _require_allowed(address: str) -> None:
    parts = urlsplit(address)
    if parts.username is not None or not parts.hostname:
        raise StartError(f"STOPPRESS_TOKEN_JWKS={address[:100]}: use https://HOST/PATH, without a name or a password")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise StartError(
            f"STOPPRESS_TOKEN_JWKS={address[:100]}: use https://, or a path; http:// is for this machine only"
        )


async def _fetched(address: str) -> bytes:
    """Return the body of an answer. Raises `OSError` and `WrongKeySet`."""
    import httpx  # only nodes with such an address need it

    parts = urlsplit(address)
    is_tls, host = parts.scheme == "https", str(parts.hostname)
    ip = await _address_of(host, parts.port or (443 if is_tls else 80), is_local=not is_tls)
    url = parts._replace(netloc=_joined(ip, parts.port)).geturl()
    tls = await asyncio.to_thread(ssl.create_default_context) if is_tls else False  # reads many files
    try:
        async with (
            httpx.AsyncClient(verify=tls, trust_env=False, timeout=FETCH_SECONDS) as client,
            client.stream(
                "GET", url, headers={**_HEADERS, "host": parts.netloc}, extensions={"sni_hostname": host}
            ) as answer,
        ):
            if answer.status_code != 200:
                raise WrongKeySet(f"the answer has the status {answer.status_code}; redirects are not followed")
            document = b""
            async for piece in answer.aiter_raw():
                document = _limited(document + piece)
            return document
    except httpx.HTTPError as error:
        raise OSError(str(error) or type(error).__name__) from None


def _joined(ip: str, port: int | None) -> str:
    return (f"[{ip}]" if ":" in ip else ip) + (f":{port}" if port else "")


async def _address_of(host: str, port: int, *, is_local: bool) -> str:
    """Return an IP address to connect to, so that what is checked is what is used."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # SOCK_STREAM
    ips = [str(one[4][0]) for one in found]
    for ip in ips:
        address = ipaddress.ip_address(ip.partition("%")[0])
        if not (address.is_loopback if is_local else address.is_global):
            raise WrongKeySet(f"{host} is {ip}, which is not an address of the {'machine' if is_local else 'internet'}")
    return ips[0]
