"""What readers see of a site, through every proxy before it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from stoppress.tools.doctor.finding import Finding, fail, ok, warn
from stoppress.tools.doctor.stores import judge_clock

_FIRST_SECONDS = 1.0
"""In which the first event of a stream must be whole; longer, and something keeps it back."""

_BEAT_SECONDS = 30.0
"""For which the next message is awaited, which is a beat at last."""

LONGEST_SECONDS = 60.0
"""For which beats are awaited where other messages come in between."""

_LEAST_DAYS, _FEW_DAYS = 3, 14
"""Of a certificate."""

_LEAST_SHARE, _SMALL_SHARE = 1 / 20, 1 / 4
"""Of the lifetime of a certificate that never has so many days; what renews it by itself does so at a third."""

_DATE_APART = 5.0
_SUBPROTOCOL = Subprotocol("stoppress.v1+json")
_NEEDED_HEADERS = {"changes": ("etag", "cache-control"), "page": ("content-security-policy", "x-content-type-options")}
_BUFFERED = "let it honour `X-Accel-Buffering: no` (nginx: proxy_buffering off), and not compress text/event-stream"
_LATE_SECONDS = f"nothing came within {_FIRST_SECONDS:g} s, something buffers the stream: {_BUFFERED}"
_IDLE = "raise its read timeout above STOPPRESS_BEAT (nginx: proxy_read_timeout 75s)"

_Check = Callable[[], Awaitable[Finding]]
_Types = AsyncIterator[str]


class SiteCheck:
    """One site.

    Args:
        url: as readers have it.
        blog: the blog to read; empty: the first that the site lists.
    """

    def __init__(self, url: str, blog: str = "") -> None:
        self.url = url.rstrip("/")
        self._blog = blog
        self._host = urlsplit(url).hostname or ""
        self._tls = ssl.create_default_context() if url.startswith("https:") else None
        verify: ssl.SSLContext | bool = self._tls or False
        self._http = httpx.AsyncClient(base_url=self.url, timeout=10, verify=verify, follow_redirects=True)

    async def look(self) -> AsyncIterator[Finding]:
        async with self._http:
            first = await self._page()
            yield first
            if first.level is not first.level.FAIL:
                async for finding in self._all():
                    yield finding

    async def _all(self) -> AsyncIterator[Finding]:
        yield await _checked("tls", self._certificate)
        yield await _checked("clock", self._date)
        yield await _checked("metrics", self._metrics)
        if not self._blog:
            yield warn("blog", "the site lists no blog, so no reader could be tried: make one, or name it with --blog")
            return
        yield await _checked("headers", self._headers)
        waiting = [_checked("websocket", self._websocket), _checked("events", self._events)]
        for finding in await asyncio.gather(*waiting):
            yield finding

    async def _page(self) -> Finding:
        try:
            answer = await self._http.get("/")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return fail("page", f"cannot reach {self.url}: {error}")
        if answer.status_code != 200 or "/static/stoppress.css" not in answer.text:
            return fail("page", f"{self.url} answers with {answer.status_code}, and not with Stoppress's list of blogs")
        listed = re.search(r'href="/blogs/([^"/]+)"', answer.text)
        self._blog = self._blog or (listed[1] if listed else "")
        return ok("page", f"{answer.url} answers")

    async def _certificate(self) -> Finding:
        if self._tls is None:
            text = "the address is http: anybody on the way can read and change it, give readers https"
            return ok("tls", "not needed on this machine") if _is_loopback(self._host) else warn("tls", text)
        port = urlsplit(self.url).port or 443
        _, writer = await asyncio.open_connection(self._host, port, ssl=self._tls)
        certificate = writer.get_extra_info("peercert")
        writer.close()
        begins, ends = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
        return judge_certificate((ends - time.time()) / 86_400, (ends - begins) / 86_400)

    async def _date(self) -> Finding:
        began = time.time()
        answer = await self._http.head("/")
        if "date" not in answer.headers:
            return warn("clock", "answers have no Date header: let the proxy pass it")
        there = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5  # it is cut to seconds
        return judge_clock("clock", there - (began + time.time()) / 2, _DATE_APART)

    async def _metrics(self) -> Finding:
        answer = await self._http.get("/metrics", follow_redirects=False)
        return judge_metrics(answer.status_code, on_this_machine=_is_loopback(self._host))

    async def _headers(self) -> Finding:
        changes = await self._http.get(self._address("changes"))
        if changes.status_code != 200:
            return fail("headers", f"{changes.url} answers with {changes.status_code}: name a blog with --blog")
        page = await self._http.get(f"/blogs/{self._name()}")
        missing = [*_missing(changes, _NEEDED_HEADERS["changes"]), *_missing(page, _NEEDED_HEADERS["page"])]
        if missing:
            return fail("headers", f"{', '.join(missing)} did not come: let the proxy pass what the node sends")
        again = await self._http.get(self._address("changes"), headers={"if-none-match": changes.headers["etag"]})
        if again.status_code not in (304, 200) or again.headers.get("etag") is None:
            return fail("headers", f"If-None-Match is answered with {again.status_code}: let the proxy pass it")
        return ok("headers", "caching and security headers come through")

    def _name(self) -> str:
        return quote(self._blog, safe="%")

    def _address(self, what: str) -> str:
        return f"/blogs/{self._name()}/{what}"

    async def _websocket(self) -> Finding:
        address = self.url.replace("http", "ws", 1) + self._address("live")
        try:
            async with connect(address, subprotocols=[_SUBPROTOCOL], max_size=None, ssl=self._tls) as line:
                if line.subprotocol != _SUBPROTOCOL:
                    return fail("websocket", "the subprotocol got lost: let the proxy pass Sec-WebSocket-Protocol")
                return await _until_beat("websocket", _messages(line), beats=2)
        except InvalidHandshake as error:
            return fail("websocket", f"no handshake ({error}): let the proxy pass Upgrade and Connection")

    async def _events(self) -> Finding:
        request = self._http.build_request("GET", self._address("events"), timeout=_BEAT_SECONDS + 5)
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                stream = await self._http.send(request, stream=True)
        except TimeoutError:
            return fail("events", _LATE_SECONDS)
        try:
            kind = stream.headers.get("content-type", "")
            if stream.status_code != 200 or not kind.startswith("text/event-stream"):
                return fail("events", f"the answer is {stream.status_code} {kind}, no event stream: look at the proxy")
            return await _until_beat("events", _events(stream), beats=1)
        finally:
            await stream.aclose()


async def _messages(line: ClientConnection) -> _Types:
    try:
        while True:
            yield msgspec.json.decode(await line.recv())["type"]
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.reason:
            raise ConnectionError(f"{error.rcvd.code} {error.rcvd.reason}") from None


async def _events(stream: httpx.Response) -> _Types:
    """The type of each event that is whole."""
    kind = ""
    with contextlib.suppress(httpx.HTTPError):  # a line that breaks is one that ends
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                kind = msgspec.json.decode(line.removeprefix("data:"))["type"]
            elif not line and kind:
                yield kind
                kind = ""


async def _until_beat(what: str, types: _Types, beats: int) -> Finding:
    """The first message must come at once, then the line must live until so many beats have come.

    Between two beats of a WebSocket, and before the first one of an event stream, the line is silent for as long as it
    ever is. If there is news all the time, that cannot be seen, and does not matter.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            if await anext(types, None) is None:
                return fail(what, "the line was ended before the first message: look at the proxy")
        first = time.monotonic() - began
        while beats and time.monotonic() - began < LONGEST_SECONDS:
            silent_since = time.monotonic()
            async with asyncio.timeout(_BEAT_SECONDS):
                kind = await anext(types, None)
            if kind is None:
                silence = time.monotonic() - silent_since
                return fail(what, f"the line was ended after {silence:.1f} s of silence. If a proxy did: {_IDLE}")
            beats -= kind == "beat"
    except TimeoutError:
        if time.monotonic() - began < _BEAT_SECONDS:
            return fail(what, _LATE_SECONDS)
        return fail(
            what, f"no beat came within {_BEAT_SECONDS:g} s: set STOPPRESS_BEAT to 20 or less. Else: {_BUFFERED}"
        )
    return ok(what, f"first message after {first:.2f} s, alive after {time.monotonic() - began:.1f} s")


async def _checked(what: str, check: _Check) -> Finding:
    try:
        return await check()
    except (httpx.HTTPError, OSError, TimeoutError, ValueError, msgspec.DecodeError) as error:
        return fail(what, f"it failed: {str(error) or type(error).__name__}")


def _missing(answer: httpx.Response, names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in answer.headers]


def judge_certificate(days: float, lifetime: float) -> Finding:
    """`days` until it expires, of those for which it was made."""
    left = f"{days:.1f} days" if days >= 2 else f"{days * 24:.1f} hours"
    text = f"the certificate expires in {left}"
    if days > min(_FEW_DAYS, lifetime * _SMALL_SHARE):
        return ok("tls", text)
    advice = f"{text}: renew it, and look why that is not done by itself"
    return warn("tls", advice) if days > min(_LEAST_DAYS, lifetime * _LEAST_SHARE) else fail("tls", advice)


def judge_metrics(status: int, *, on_this_machine: bool) -> Finding:
    """`status`: what `/metrics` answered to a request without a token."""
    if status != 200:
        return ok("metrics", f"/metrics is not public ({status})")
    if on_this_machine:
        return warn("metrics", "/metrics answers this machine without a token: no proxy may pass it to the public")
    return fail("metrics", "/metrics is public: set STOPPRESS_METRICS_TOKEN_FILE, and let the proxy refuse it")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
