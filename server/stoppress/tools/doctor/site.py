"""The doctor's checks of a site as readers see it, through all its proxies."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from stoppress.settings import Settings
from stoppress.tools.doctor.caching import CacheCheck, kept_seconds, seq_of
from stoppress.tools.doctor.finding import Finding, Level, fail, ok, warn

_FIRST_SECONDS = 1.0
"""Deadline for the first event of a stream. If it takes longer, a proxy buffers the stream."""

_BEAT_SECONDS = 30.0
"""Deadline for the next message. A beat should arrive before it."""

LONGEST_SECONDS = 60.0
"""Limit of the wait for beats if other messages arrive in between."""

_FAIL_DAYS, _WARN_DAYS = 3, 14
"""Days until a certificate expires."""

_FAIL_SHARE, _WARN_SHARE = 1 / 20, 1 / 4
"""The same as shares of the lifetime, for short-lived certificates. Automatic renewal happens at a third of it."""

_CLOCK_SECONDS = 5.0
_CUT_BYTES = 100_000
_SUBPROTOCOL = Subprotocol("stoppress.v1+json")
_CHANGES_HEADERS = ("etag", "cache-control")
_PAGE_HEADERS = ("content-security-policy", "x-content-type-options")
_BUFFERED = "make the proxy pass event streams unbuffered (`X-Accel-Buffering: no`; nginx: proxy_buffering off)"
_LATE_STREAM = f"nothing arrived within {_FIRST_SECONDS:g} s, because a proxy buffers the stream; {_BUFFERED}"
_IDLE = "raise its read timeout above STOPPRESS_BEAT (nginx: proxy_read_timeout 75s)"

_Types = AsyncIterator[str]


class SiteCheck:
    """The checks of one site, as readers see it.

    Args:
        url: its address.
        blog: the blog to read; empty: the first one that the site lists.
        node: the settings to compare the answers with.
    """

    def __init__(self, url: str, blog: str = "", node: Settings | None = None) -> None:
        self._node = node
        self._differences: list[str] = []
        self._head: int | None = None
        self._beats: list[float] = []
        self.url = url.rstrip("/")
        self._blog = blog
        self._host = urlsplit(url).hostname or ""
        self._tls = ssl.create_default_context() if url.startswith("https:") else None
        verify: ssl.SSLContext | bool = self._tls or False
        self._http = httpx.AsyncClient(base_url=self.url, timeout=10, verify=verify, follow_redirects=True)

    async def findings(self) -> AsyncIterator[Finding]:
        """Run all checks."""
        async with self._http:
            first = await self._page()
            yield first
            if first.level is Level.FAIL:
                return
            yield await _checked("tls", self._certificate())
            yield await _checked("clock", self._date())
            yield await _checked("metrics", self._metrics())
            if not self._blog:
                yield warn("blog", "the site lists no blog to check as a reader; create one, or pass --blog")
                return
            waiting = {"headers": self._headers(), "websocket": self._websocket(), "events": self._events()}
            for finding in await asyncio.gather(*(_checked(*check) for check in waiting.items())):
                yield finding
            self._compare_beats()
            if self._differences:
                advice = "restart the node, or run the doctor with its settings"
                yield warn("settings", f"the site differs: {'; '.join(self._differences)}; {advice}")
            elif self._node is not None:
                yield ok("settings", "the site answers as they say")

    async def _page(self) -> Finding:
        try:
            answer = await self._http.get("/")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return fail("page", f"cannot reach {self.url}: {error}; check --url and that the site is running")
        if answer.status_code != 200 or "/static/stoppress.css" not in answer.text:
            text = f"{self.url} answers with {answer.status_code}, not with Stoppress's list of blogs"
            return fail("page", f"{text}; check --url")
        if answer.url.path != "/":
            text = f"{answer.url} has a path, but the page's links lead to the root of its host"
            return fail("page", f"{text}; give Stoppress a host of its own")
        listed = re.search(r'href="/blogs/([^"/]+)"', answer.text)
        self._blog = self._blog or (listed[1] if listed else "")
        return ok("page", f"{answer.url} answers")

    async def _certificate(self) -> Finding:
        if self._tls is None:
            if _is_loopback(self._host):
                return ok("tls", "not needed on this machine")
            return warn("tls", "others can read and change pages sent over http; serve the site over https")
        port = urlsplit(self.url).port or 443
        _, writer = await asyncio.open_connection(self._host, port, ssl=self._tls)
        certificate = writer.get_extra_info("peercert")
        writer.close()
        begins, ends = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
        return self.certificate((ends - time.time()) / 86_400, (ends - begins) / 86_400)

    async def _date(self) -> Finding:
        began = time.time()
        answer = await self._http.head("/")
        if "date" not in answer.headers:
            return warn("clock", "responses have no Date header; make the proxy pass it")
        there = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5  # the header is rounded down to seconds
        return Finding.of_clock("clock", there - (began + time.time()) / 2, _CLOCK_SECONDS)

    async def _metrics(self) -> Finding:
        answer = await self._http.get("/metrics", follow_redirects=False)
        return self.metrics(answer.status_code, on_this_machine=_is_loopback(self._host))

    async def _headers(self) -> Finding:
        changes = await self._http.get(self._address("/changes"))
        if changes.status_code != 200:
            return fail("headers", f"{changes.url} answers with {changes.status_code}; pass a blog with --blog")
        page = await self._http.get(self._address())
        missing = [name for name in _CHANGES_HEADERS if name not in changes.headers]
        missing += [name for name in _PAGE_HEADERS if name not in page.headers]
        if missing:
            return fail("headers", f"missing: {', '.join(missing)}; make the proxy pass the node's headers")
        again = await self._http.get(self._address("/changes"), headers={"if-none-match": changes.headers["etag"]})
        if again.status_code not in (304, 200) or again.headers.get("etag") is None:
            return fail("headers", f"If-None-Match was answered with {again.status_code}; make the proxy pass it")
        return await self._caching(page, changes)

    async def _caching(self, page: httpx.Response, changes: httpx.Response) -> Finding:
        check = CacheCheck(self._http, None if self._node is None else self._node.page_max_age)
        problem = await check.problem(page, changes, lambda: self._head)
        if problem:
            return fail("headers", problem)
        if self._node is not None:
            self._differences += _differences(self._node, page, changes)
        return ok("headers", "the caching and security headers arrive")

    def _compare_beats(self) -> None:
        if self._node is None or len(self._beats) < 2:
            return
        seen, said = self._beats[1] - self._beats[0], self._node.beat
        if abs(seen - said) > max(1.0, said / 4):
            self._differences.append(f"a beat every {seen:.1f} s, and STOPPRESS_BEAT is {said:g}")

    def _address(self, resource: str = "") -> str:
        return f"/blogs/{quote(self._blog, safe='%')}{resource}"

    async def _websocket(self) -> Finding:
        address = self.url.replace("http", "ws", 1) + self._address("/live")
        try:
            async with connect(address, subprotocols=[_SUBPROTOCOL], max_size=None, ssl=self._tls) as connection:
                if connection.subprotocol != _SUBPROTOCOL:
                    return fail("websocket", "no subprotocol; make the proxy pass Sec-WebSocket-Protocol")
                return await _until_beat("websocket", self._messages(connection), beats=2)
        except InvalidHandshake as error:
            return fail("websocket", f"the handshake failed ({error}); make the proxy pass Upgrade and Connection")

    async def _messages(self, connection: ClientConnection) -> _Types:
        """Yield the type of each message."""
        try:
            while True:
                message = msgspec.json.decode(await connection.recv())
                if self._head is None and "cursor" in message:
                    self._head = seq_of(message)
                if message["type"] == "beat":
                    self._beats.append(time.monotonic())
                yield message["type"]
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.reason:
                raise ConnectionError(f"{error.rcvd.code} {error.rcvd.reason}") from None

    async def _events(self) -> Finding:
        request = self._http.build_request("GET", self._address("/events"), timeout=_BEAT_SECONDS + 5)
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                stream = await self._http.send(request, stream=True)
        except TimeoutError:
            return fail("events", _LATE_STREAM)
        try:
            kind = stream.headers.get("content-type", "")
            if stream.status_code != 200 or not kind.startswith("text/event-stream"):
                answer = f"{stream.status_code} {kind}"
                return fail("events", f"the answer is {answer}, not an event stream; check the proxy")
            return await _until_beat("events", _events(stream), beats=1)
        finally:
            await stream.aclose()

    @staticmethod
    def certificate(days: float, lifetime: float) -> Finding:
        """Judge a certificate that expires in `days` days and was issued for `lifetime` days."""
        text = f"the certificate expires in {f'{days:.1f} days' if days >= 2 else f'{days * 24:.1f} hours'}"
        if days > min(_WARN_DAYS, lifetime * _WARN_SHARE):
            return ok("tls", text)
        level = warn if days > min(_FAIL_DAYS, lifetime * _FAIL_SHARE) else fail
        return level("tls", f"{text}; renew it, and check the automatic renewal")

    @staticmethod
    def metrics(status: int, *, on_this_machine: bool) -> Finding:
        """Judge the status of `/metrics` for a request without a token."""
        if status != 200:
            return ok("metrics", f"/metrics is not public ({status})")
        if on_this_machine:
            return warn("metrics", "/metrics needs no token on this machine; check that proxies do not pass it")
        return fail("metrics", "/metrics is public; set STOPPRESS_METRICS_TOKEN_FILE, and block it in the proxy")


async def _events(stream: httpx.Response) -> _Types:
    """Yield the type of each complete event."""
    kind = ""
    with contextlib.suppress(httpx.HTTPError):  # treat an error like the end of the stream
        async for line in _lines(stream):
            if line.startswith(b"data:"):
                kind = msgspec.json.decode(line.removeprefix(b"data:"))["type"]
            elif not line and kind:
                yield kind
                kind = ""


async def _lines(stream: httpx.Response) -> AsyncIterator[bytes]:
    """Yield complete lines. `aiter_lines` also splits at characters of the text, such as U+2028."""
    rest = b""
    async for part in stream.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")


def _differences(node: Settings, page: httpx.Response, changes: httpx.Response) -> Iterator[str]:
    kept = kept_seconds(page)
    if kept != node.page_max_age:
        yield f"caches may keep pages for {kept:g} s, and STOPPRESS_PAGE_MAX_AGE is {node.page_max_age}"
    reset = changes.json()
    shown = len(reset["entries"])
    is_cut = len(changes.content) > _CUT_BYTES  # a reset that would be too long has fewer entries
    if shown > node.newest or (shown < node.newest and "older" in reset and not is_cut):
        yield f"{shown} newest entries, and STOPPRESS_NEWEST is {node.newest}"
    if node.public_url not in page.text:
        yield f"its pages do not name {node.public_url}, which is STOPPRESS_PUBLIC_URL"


async def _until_beat(subject: str, types: _Types, beats: int) -> Finding:
    """Wait for the first message, which must arrive at once, and then for `beats` beats.

    A connection is silent for longest between two beats of a WebSocket and before the first beat of an event stream. If
    updates arrive all the time, the check cannot test this silence, and does not need to.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            if await anext(types, None) is None:
                return fail(subject, "the connection was closed before the first message; check the proxy")
        first = time.monotonic() - began
        while beats and time.monotonic() - began < LONGEST_SECONDS:
            silent_since = time.monotonic()
            async with asyncio.timeout(_BEAT_SECONDS):
                kind = await anext(types, None)
            if kind is None:
                silence = time.monotonic() - silent_since
                text = f"the connection was closed after {silence:.1f} s of silence"
                return fail(subject, f"{text}; if a proxy did that, {_IDLE}")
            beats -= kind == "beat"
    except TimeoutError:
        if time.monotonic() - began < _BEAT_SECONDS:
            return fail(subject, _LATE_STREAM)
        return fail(subject, f"no beat within {_BEAT_SECONDS:g} s; set STOPPRESS_BEAT to 20 or less, or {_BUFFERED}")
    lasted = time.monotonic() - began
    return ok(subject, f"first message after {first:.2f} s, still connected after {lasted:.1f} s")


async def _checked(subject: str, check: Awaitable[Finding]) -> Finding:
    try:
        return await check
    except (httpx.HTTPError, OSError, ValueError, msgspec.DecodeError) as error:
        return fail(subject, f"the check failed: {str(error) or type(error).__name__}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
