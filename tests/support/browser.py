"""The errors of a browser while it shows a page, and a page of another site with a blog in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request

from stoppress.web.pages.assets import Assets
from tests.support.node import RunningNode
from tests.support.raw import respond

OpenPage = Callable[..., Awaitable[Page]]

KEPT = """async (name) => {
  const kept = await (await caches.open(name)).keys();
  return kept.map(({ url }) => new URL(url).pathname + new URL(url).search);
}"""

LOADED = "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"


async def kept(page: Page, cache: str = "pages") -> list[str]:
    """Return the addresses in a cache of the service worker."""
    return list(await page.evaluate(KEPT, f"stoppress-{cache}-1"))


async def can_go_offline(page: Page, path: str) -> bool:
    """Return whether the service worker has copies of the page at a path, of its files, and of no other page."""
    files = {path for path in await page.evaluate(LOADED) if path.endswith((".js", ".css"))} - {"/blogs/sw.js"}
    assert {"/static/stoppress.css", Assets().script("page").address} <= files
    return await kept(page) == [path] and files <= set(await kept(page, "files"))


class Complaints(list[str]):
    """The complaints of a browser: errors, violations of the content security policy, requests to other hosts."""

    def watch(self, page: Page, url: str) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.append(message.text)

        def on_request(request: Request) -> None:
            if not request.url.startswith(url):
                self.append(request.url)

        page.on("console", on_console)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("request", on_request)


_MEDIA = ("color_scheme", "forced_colors", "reduced_motion")
"""Options of a context that tests may also change on a page."""


class Pages:
    """Pages that tests use one after the other: a cleared one costs half a second less than a new one."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._free: dict[str, Page] = {}
        self._taken: list[tuple[dict[str, Any], Page]] = []

    async def take(self, **options: Any) -> Page:
        """Return a page in a context of its own with these options, as good as new."""
        key = str(options)
        page = self._free.pop(key, None) or await self._new(options)
        self._taken.append((options, page))
        return page

    async def _new(self, options: dict[str, Any]) -> Page:
        context = await self.browser.new_context(**options)
        context.set_default_timeout(60_000)  # milliseconds: a machine may be busy
        return await context.new_page()

    async def give_back(self) -> None:
        """Clear all pages that were taken, and close all other contexts."""
        while self._taken:
            options, page = self._taken.pop()
            with suppress(Error):  # then it is not used again
                await _clear(page)
                await page.emulate_media(media="null", **{name: options.get(name, "null") for name in _MEDIA})
                self._free.setdefault(str(options), page)
        kept = [page.context for page in self._free.values()]
        for context in self.browser.contexts:
            if context not in kept:
                await context.close()


async def _clear(page: Page) -> None:
    context = page.context
    for other in context.pages:
        if other is not page:
            await other.close()
    await page.unroute_all(behavior="ignoreErrors")
    await context.unroute_all(behavior="ignoreErrors")
    await context.set_offline(False)
    await page.mouse.move(0, 0)
    await page.goto("about:blank")
    session = await context.new_cdp_session(page)
    await session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    await session.send("Network.clearBrowserCache")
    await session.detach()


class Embed:
    """Opens pages of another origin that have the element in them, under a strict content security policy."""

    def __init__(self, node: RunningNode, pages: Pages) -> None:
        self._node = node
        self._pages = pages
        self._page = ""
        self._server: asyncio.Server | None = None
        self.complaints = Complaints()

    async def __aenter__(self) -> Embed:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return self

    async def __aexit__(self, failed: object, *_: object) -> None:
        """End, without complaints."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        assert failed or not self.complaints, self.complaints

    async def __call__(
        self,
        inside: str = "",
        attributes: str = "",
        place: str = "",
        blog: str = "demo",
        script: str = "",
        **context: Any,
    ) -> Page:
        """Open a page.

        Args:
            inside: HTML in the element.
            attributes: attributes of the element.
            place: the fragment of the page's address.
            blog: the name of the blog.
            script: JavaScript to run before the page.
            context: options of the browser context.
        """
        assert self._server is not None
        url = self._node.url
        self._page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A newspaper</title>'
            f'<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
            f'<link rel="icon" href="{url}/static/icon.svg">'
            f'<script type="module" src="{url}/client/element.js"></script></head><body>'
            f'<header><button>A newspaper</button></header><main><live-blog src="{url}/blogs/{blog}" {attributes}>'
            f"{inside}</live-blog></main><footer><button>Imprint</button></footer></body></html>"
        )
        if script:
            page = await (await self._pages.browser.new_context(**context)).new_page()
            await page.add_init_script(script)
        else:
            page = await self._pages.take(**context)
        self.complaints.watch(page, "http://127.0.0.1:")
        await page.goto(f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{place}")
        return page

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        url = self._node.url
        policy = (
            f"default-src 'none'; script-src {url}; connect-src {url} {self._node.websocket_url}; img-src {url}; "
            "frame-src https:; require-trusted-types-for 'script'; trusted-types stoppress"
        )
        await respond(writer, self._page.encode(), "Content-Type: text/html", f"Content-Security-Policy: {policy}")
