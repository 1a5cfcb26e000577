"""Requests of a node to other servers: for keys, to an OpenID provider, and to the receivers of webhooks.

The limits: `https`, or `http` to this machine (127.0.0.1, ::1 or localhost); no redirects; at most 256 KB; at most 10
seconds; 20 at a time. `outside.py` decides where webhooks may go.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from stoppress.access.outside import InsideHosts, NotAllowed, is_outside

MAX_BYTES = 256 * 1024
"""Maximum size of an answer, and of a JWKS in a file."""

FETCH_SECONDS = 10.0
"""Maximum duration of one request."""

_AT_A_TIME = 20

_HEADERS = {"accept": "application/json, application/jwk-set+json", "accept-encoding": "identity"}

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class FetchFailed(OSError):
    """There is no answer, or it is not allowed; the message says why."""


class LimitedClient:
    """Sends requests.

    Args:
        may_be_inside: `https` addresses may be inside a network. If not, the address that is checked is the one used.
        hosts: what `post` may reach inside.
    """

    def __init__(self, *, may_be_inside: bool, hosts: InsideHosts | None = None) -> None:
        self._may_be_inside = may_be_inside
        self._hosts = hosts or InsideHosts()
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._tls: ssl.SSLContext | None = None

    async def fetch(
        self, address: str, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and the body of an answer. With a form, send it with POST. Raises `FetchFailed`."""
        async with self._limited(), self._places:
            return await self._answer(address, form, basic)

    async def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a body to an address that somebody else has chosen. Return the status of the answer.

        The answer is not read. Raises `FetchFailed`, also if the address is inside.
        """
        import httpx

        async with self._places, self._limited():
            parts = urlsplit(address)
            netloc = await self._hosts.checked(address)
            tls = await self._context(parts.scheme)
            request = httpx.Request(
                "POST",
                parts._replace(netloc=netloc, fragment="").geturl(),
                headers={**headers, "host": parts.netloc},
                content=body,
                extensions={"sni_hostname": str(parts.hostname), "timeout": httpx.Timeout(FETCH_SECONDS).as_dict()},
            )
            async with httpx.AsyncHTTPTransport(verify=tls or False, trust_env=False) as transport:
                answer = await transport.handle_async_request(request)
                await answer.aclose()
                return answer.status_code

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """Limit the time, and turn errors into `FetchFailed`."""
        import httpx  # only nodes that ask others need it

        try:
            async with asyncio.timeout(FETCH_SECONDS):
                yield
        except TimeoutError:
            raise FetchFailed(f"no answer in {FETCH_SECONDS:.0f} s") from None
        except (OSError, NotAllowed, httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(str(error) or type(error).__name__) from None

    async def _context(self, scheme: str) -> ssl.SSLContext | None:
        if self._tls is None and scheme == "https":
            self._tls = await asyncio.to_thread(ssl.create_default_context)  # reads many files
        return self._tls

    async def _answer(
        self, address: str, form: dict[str, str] | None, basic: tuple[str, str] | None
    ) -> tuple[int, bytes]:
        import httpx

        parts = urlsplit(address)
        tls = await self._context(parts.scheme)
        netloc = parts.netloc if self._may_be_inside else await _checked(address)
        url, method = parts._replace(netloc=netloc).geturl(), "POST" if form else "GET"
        headers = {**_HEADERS, "host": parts.netloc}
        sni = {"sni_hostname": str(parts.hostname)}
        body = b""
        async with (
            httpx.AsyncClient(verify=tls or False, trust_env=False, timeout=FETCH_SECONDS, auth=basic) as client,
            client.stream(method, url, data=form, headers=headers, extensions=sni) as answer,
        ):
            async for piece in answer.aiter_raw():
                body = limited(body + piece)
        return answer.status_code, body


def limited(body: bytes) -> bytes:
    """Return a body that is not too long. Raises `FetchFailed`."""
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"it has more than {MAX_BYTES // 1024} KB")
    return body


def is_allowed(address: str) -> bool:
    """Return whether a node may send a request to an address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port  # raises `ValueError` if it is not a port
    except ValueError:
        return False
    is_plain = re.fullmatch(r"[\x21-\x7e]{1,1000}", address) is not None and parts.username is None and host != ""
    return is_plain and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


async def _checked(address: str) -> str:
    """Return the host of an address as an IP address, with the port. Raises `OSError` and `FetchFailed`."""
    parts = urlsplit(address)
    is_tls = parts.scheme == "https"
    ip = await _address_of(str(parts.hostname), parts.port or (443 if is_tls else 80), is_local=not is_tls)
    return (f"[{ip}]" if ":" in ip else ip) + (f":{parts.port}" if parts.port else "")


async def _address_of(host: str, port: int, *, is_local: bool) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # SOCK_STREAM
    ips = [str(one[4][0]) for one in found]
    for ip in ips:
        address = ipaddress.ip_address(ip.partition("%")[0])
        if not (address.is_loopback if is_local else is_outside(ip)):
            raise FetchFailed(f"{host} is {ip}, which is not an address of the {'machine' if is_local else 'internet'}")
    return ips[0]
