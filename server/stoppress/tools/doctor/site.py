"""The doctor's checks of a site as readers see it, through all its proxies."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote

import httpx

from stoppress.settings import Settings
from stoppress.tools.doctor.assets import check_assets
from stoppress.tools.doctor.caching import CacheCheck
from stoppress.tools.doctor.certificate import check_certificate, unverified
from stoppress.tools.doctor.comparison import Comparison
from stoppress.tools.doctor.finding import Finding, collect, fail, ok, run_each, warn
from stoppress.tools.doctor.responses import advice_for, is_of_node, origin_of
from stoppress.tools.doctor.streams import StreamCheck

_CLOCK_SECONDS = 5.0
_BODY_BYTES = 250_000
"""Almost as much as a node takes."""

_ATTEMPTS = 3

_CHANGES_HEADERS = ("etag", "cache-control")
_PAGE_HEADERS = ("cache-control", "content-security-policy", "x-content-type-options")
_PRIVATE_STATUS = (401, 403, 404)
_WITH_KEY_STATUS = (400, 404, 422)
"""The answer of a node to a body that is not an entry, if the request has a key."""


class SiteCheck:
    """The checks of one site, as readers see it.

    Args:
        url: its address.
        blog: the blog to read; empty: the first one that the site lists.
        node: the settings to compare the answers with.
        wrong: the names of settings that have their default because their value is wrong. They are not compared.
    """

    def __init__(self, url: str, blog: str = "", node: Settings | None = None, wrong: Collection[str] = ()) -> None:
        self._url = url
        self._given_blog = self._blog = blog
        self._page_max_age = node.page_max_age if node is not None and "page_max_age" not in wrong else None
        self._comparison = Comparison(node, wrong)
        self._origin = self._host = ""
        self._is_reachable = True
        self._pages: list[httpx.Response] = []
        self._tls = unverified()
        self._http: httpx.AsyncClient

    async def findings(self) -> AsyncIterator[Finding]:
        """Run all checks."""
        try:
            address = httpx.URL(self._url)
            self._set_origin(origin_of(address))
        except httpx.InvalidURL as error:
            shown = re.sub("//[^/@]*@", "//", self._url)
            yield fail("page", f"--url {shown} is not an address: {error}; use one such as https://live.example.org")
            return
        path, headers = address.path.rstrip("/"), _login(address)
        if found := re.fullmatch(r"/blogs/([^/]+)", path):
            self._given_blog = self._blog = self._blog or unquote(found[1])
        client = httpx.AsyncClient(timeout=10, verify=self._tls, follow_redirects=True, headers=headers)
        async with client as self._http:
            async for finding in self._all(path, headers):
                yield finding

    async def _all(self, path: str, headers: dict[str, str]) -> AsyncIterator[Finding]:
        """Run the checks, after the site's first answer."""
        for finding in await collect("page", self._list()):
            yield finding
        if not self._is_reachable:
            return
        if path:
            for finding in await collect("page", self._path(path)):
                yield finding
        async for finding in self._of_site():
            yield finding
        if self._blog:
            async for finding in self._of_blog(headers):
                yield finding
        else:
            yield warn("blog", "the site lists no blog to check as a reader; create one, or pass --blog")

    def _set_origin(self, origin: str) -> None:
        self._origin, self._host = origin, httpx.URL(origin).host

    async def _of_site(self) -> AsyncIterator[Finding]:
        """Run the checks that need no blog."""
        checks = {
            "tls": self._certificate(),
            "clock": self._date(),
            "metrics": self._metrics(),
            "uploads": self._uploads(),
        }
        for subject, check in checks.items():
            for finding in await collect(subject, check):
                yield finding

    async def _of_blog(self, headers: dict[str, str]) -> AsyncIterator[Finding]:
        """Run the checks of a blog. Those that wait run at the same time."""
        tls = self._tls if self._origin.startswith("https:") else None
        streams = StreamCheck(self._http, tls, self._address(), headers)
        checks = {
            "headers": self._headers(streams),
            "websocket": streams.websocket(),
            "events": streams.events(),
        }
        for findings in await asyncio.gather(*(collect(*check) for check in checks.items())):
            for finding in findings:
                yield finding
        if self._pages:
            for finding in await collect("assets", check_assets(self._http, self._pages)):
                yield finding
        self._comparison.beats(streams.beats)
        for finding in run_each({"settings": lambda: self._comparison.findings(self._origin)}):
            yield finding

    async def _path(self, path: str) -> AsyncIterator[Finding]:
        """Judge the path of `--url`, which should have none."""
        answer = await self._http.get(f"{self._origin}{path}/")
        if answer.status_code == 200 and _is_list(answer):
            text = f"{answer.url} has a path, but the page's links lead to the root of its host"
            yield fail("page", f"{text}; give Stoppress a host of its own")
        else:
            status = "" if answer.status_code == 200 else f", and answers with {answer.status_code}"
            text = f"--url {self._origin}{path} has a path{status}"
            yield fail("page", f"{text}; pass only scheme and host: --url {self._origin}")

    async def _list(self) -> AsyncIterator[Finding]:
        """Judge the list of blogs, and find the origin and a blog. Readers of a given blog do not need the list."""
        level = warn if self._given_blog else fail
        try:
            answer = await self._http.get(f"{self._origin}/")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._is_reachable = False
            text = f"cannot reach {origin_of(error.request.url)}: {str(error) or 'no answer'}"
            advice = "check --url and that the site is running"
            no_tls = "; it does not seem to speak TLS, so try http://" if "WRONG_VERSION" in str(error) else ""
            yield fail("page", f"{text}; {advice}{no_tls}")
            return
        except httpx.TooManyRedirects:
            yield level("page", f"{self._origin} redirects in a circle; check the redirects of the proxies and the CDN")
            return
        if (origin := origin_of(answer.url)) != self._origin:
            text = f"{self._origin} redirects to {origin}, and the other checks use that"
            yield warn("page", f"{text}; pass --url {origin}")
            self._set_origin(origin)
        yield self._judge_list(answer, level)

    def _judge_list(self, answer: httpx.Response, level: Callable[[str, str], Finding]) -> Finding:
        if answer.status_code != 200:
            text = f"{answer.url} answers with {answer.status_code}, not with Stoppress's list of blogs"
            return level("page", f"{text}; {advice_for(answer.status_code)}, and check --url")
        if not _is_list(answer):
            return level("page", f"{answer.url} is not Stoppress's list of blogs; check --url, or pass --blog")
        if answer.url.path != "/":
            text = f"{answer.url} has a path, but the page's links lead to the root of its host"
            return fail("page", f"{text}; give Stoppress a host of its own")
        self._pages.append(answer)
        listed = re.search(r'href="/blogs/([^"/]+)"', answer.text)
        self._blog = self._blog or (unquote(listed[1]) if listed else "")
        return ok("page", f"{answer.url} answers")

    async def _certificate(self) -> AsyncIterator[Finding]:
        if self._origin.startswith("https:"):
            async for finding in check_certificate(self._host, httpx.URL(self._origin).port or 443):
                yield finding
        elif _is_loopback(self._host):
            yield ok("tls", "not needed on this machine")
        else:
            yield warn("tls", "others can read and change pages sent over http; serve the site over https")

    async def _date(self) -> AsyncIterator[Finding]:
        began = time.time()
        answer = await self._http.head(f"{self._origin}/")
        if "date" not in answer.headers:
            yield warn("clock", "responses have no Date header; make the proxy pass it")
            return
        there = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5  # the header is rounded down to seconds
        yield Finding.of_clock("clock", there - (began + time.time()) / 2, _CLOCK_SECONDS)

    async def _metrics(self) -> AsyncIterator[Finding]:
        answer = await self._http.get(f"{self._origin}/metrics", follow_redirects=False)
        yield self.metrics(answer.status_code, on_this_machine=_is_loopback(self._host))

    async def _uploads(self) -> AsyncIterator[Finding]:
        """Send a large body without a key, and never one that a node would take."""
        address = f"{self._origin}/api/blogs/{quote(self._blog or 'doctor', safe='')}/entries"
        size, answer = f"{_BODY_BYTES // 1000} KB", await self._send_large(address)
        if answer is None:
            text = f"the connection was closed while it sent {size} to the editors' API"
            yield warn("uploads", f"{text}; let the proxy take bodies of 256 KB")
            return
        status = answer.status_code
        if status == 401 and 'realm="stoppress"' in answer.headers.get("www-authenticate", ""):
            yield ok("uploads", f"entries of {size} reach the editors' API, which asks for a key")
        elif status == 413:
            text = f"the proxy rejects entries of {size} (413), because its limit for bodies is too low"
            yield fail("uploads", f"{text}; set it to 256 KB, as a node has it (nginx: client_max_body_size 256k)")
        elif is_of_node(answer) and status in _WITH_KEY_STATUS:
            text = f"the editors' API answers a request without a key with {status}"
            yield fail("uploads", f"{text}; let no proxy add a key to requests")
        else:
            text = f"{address} answers with {status}, so editors cannot publish through this site"
            yield warn("uploads", f"{text}; {advice_for(status)}, or let editors use a node directly")

    async def _send_large(self, address: str) -> httpx.Response | None:
        """Return the answer to a large body; None if there is none.

        A node answers before it has read the body. If it then closes the connection, the answer may get lost.
        """
        body, headers = b'{"doctor": "' + b"x" * _BODY_BYTES + b'"}', {"content-type": "application/json"}
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(httpx.NetworkError, httpx.RemoteProtocolError):
                return await self._http.post(address, content=body, headers=headers, follow_redirects=False)
        return None

    async def _headers(self, streams: StreamCheck) -> AsyncIterator[Finding]:
        page, changes = await self._http.get(self._address()), await self._http.get(self._address("/changes"))
        wrong = next((answer for answer in (page, changes) if answer.status_code != 200), None)
        if wrong is not None:
            yield fail("headers", f"{wrong.url} answers with {wrong.status_code}; {self._advice(wrong)}")
            return
        self._pages.append(page)
        self._comparison.content(page, changes)
        missing = [name for name in _CHANGES_HEADERS if name not in changes.headers]
        missing += [name for name in _PAGE_HEADERS if name not in page.headers and name not in missing]
        if missing:
            yield fail("headers", f"missing: {', '.join(missing)}; make the proxy pass the node's headers")
        if "etag" in changes.headers:
            again = await self._http.get(changes.url, headers={"if-none-match": changes.headers["etag"]})
            if again.status_code not in (304, 200) or again.headers.get("etag") is None:
                yield fail("headers", f"If-None-Match was answered with {again.status_code}; make the proxy pass it")
        problem = await CacheCheck(self._http, self._page_max_age).problem(page, changes, lambda: streams.head)
        if problem:
            yield fail("headers", problem)
        elif not missing:
            yield ok("headers", "the caching and security headers arrive")

    def _advice(self, answer: httpx.Response) -> str:
        """Return what to do if an answer at an address of the blog is not a 200."""
        if answer.status_code != 404:
            return advice_for(answer.status_code)
        if self._given_blog:
            return "pass a blog that exists with --blog, or check that the proxy does not change paths below /blogs/"
        return "the site lists this blog, so the proxy changes paths below /blogs/; let it pass them as they are"

    def _address(self, resource: str = "") -> str:
        return f"{self._origin}/blogs/{quote(self._blog, safe='')}{resource}"

    @staticmethod
    def metrics(status: int, *, on_this_machine: bool) -> Finding:
        """Judge the status of `/metrics` for a request without a token."""
        if status in _PRIVATE_STATUS:
            return ok("metrics", f"/metrics is not public ({status})")
        if status != 200:
            return warn("metrics", f"/metrics answers with {status}, so it may be public; {advice_for(status)}")
        if on_this_machine:
            return warn("metrics", "/metrics needs no token on this machine; check that proxies do not pass it")
        return fail("metrics", "/metrics is public; set STOPPRESS_METRICS_TOKEN_FILE, and block it in the proxy")


def _is_list(answer: httpx.Response) -> bool:
    return "/static/stoppress.css" in answer.text and "<live-blog" not in answer.text


def _login(address: httpx.URL) -> dict[str, str]:
    """Return the headers for the user and the password of an address, if it has them."""
    if not address.userinfo:
        return {}
    login = f"{address.username}:{address.password}".encode()
    return {"authorization": f"Basic {base64.b64encode(login).decode()}"}


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
