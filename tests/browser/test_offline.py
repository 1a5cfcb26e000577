"""Without a network, in a real browser: what was visited stays readable, and what was taken back does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, expect

from tests.conftest import Eventually
from tests.support.browser import can_go_offline, kept
from tests.support.fixtures import Post
from tests.support.node import RunningNode
from tests.support.paths import CLIENT
from tests.support.raw import respond

pytestmark = pytest.mark.browser

COPY = "async (url) => (await (await caches.match(url, { ignoreVary: true }))?.text()) ?? ''"


async def has_copy(page: Page, text: str, expected: bool = True) -> bool:
    """Return whether the copy of the page has a text, or has it not."""
    return (text in await page.evaluate(COPY, page.url)) is expected


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext, node: RunningNode, post: Post, blog: str, eventually: Eventually) -> Page:
    """The page of a blog, with a copy of it and of what it is made of."""
    await post(title="First")
    page = await context.new_page()
    await page.goto(f"{node.url}/blogs/{blog}")
    await eventually(lambda: can_go_offline(page, f"/blogs/{blog}"))
    return page


async def test_a_visited_page_is_readable_offline_and_its_copy_replaced(context, page, node, post, blog, eventually):
    await context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED|ERR_FAILED"):  # noqa: RUF043, one of the two
        await (await context.new_page()).goto(f"{node.url}/blogs/unvisited")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-offline", "")
    await expect(page.locator(".entry h2")).to_have_text("First")
    position = await page.evaluate("getComputedStyle(document.querySelector('.skip')).position")
    assert position == "absolute", "it has its style sheet"
    await post(title="Second")
    await context.set_offline(False)
    await expect(page.locator(".entry h2")).to_have_text(["Second", "First"])
    await eventually(lambda: has_copy(page, "Second"))
    await page.reload()
    await expect(page.locator("html[data-offline]")).to_have_count(0)


async def test_a_retraction_that_was_seen_takes_the_copy_away(page, editor, post, blog, eventually):
    entry = (await post(title="Ceasefire", markdown="Nobody confirmed this."))["id"]
    await expect(page.locator(f"#entry-{entry}")).to_be_visible()
    await page.reload()
    await eventually(lambda: has_copy(page, "Ceasefire"))
    await editor.request("DELETE", f"/api/blogs/{blog}/entries/{entry}", json={})
    await expect(page.locator(f"#entry-{entry}.retracted")).to_be_visible()
    assert "Ceasefire" not in await page.content()
    await eventually(lambda: has_copy(page, "Ceasefire", False))


async def test_a_blog_that_was_deleted_is_forgotten(page, node, editor, blog, eventually):
    await editor.delete(f"/api/blogs/{blog}")
    answer = await page.goto(f"{node.url}/blogs/{blog}")
    assert answer is not None and answer.status == 404

    async def forgotten() -> bool:
        return await kept(page) == []

    await eventually(forgotten)


async def test_only_pages_are_kept_and_no_more_than_twenty(page, post, blog, eventually):
    for path in ("/changes", ".atom", ".json", "/entries"):
        assert await page.evaluate("async (path) => (await fetch(path)).status", f"{page.url}{path}") == 200
    entry = (await post(title="Second"))["id"]
    await page.goto(f"{page.url}?before=malformed")
    assert await kept(page) == [f"/blogs/{blog}"]
    pages = [f"{page.url.partition('?')[0]}?before=20{n}-01-01T00:00:00.000Z_{entry}" for n in range(30, 55)]
    await page.evaluate("(keep) => navigator.serviceWorker.controller.postMessage({ keep })", pages)

    async def full() -> bool:
        return len(await kept(page)) == 20 and f"/blogs/{blog}" not in await kept(page)

    await eventually(full)


WORKER = CLIENT / "worker" / "sw.js"


async def test_an_error_of_a_proxy_takes_no_copy_away(context, eventually):
    """The proxy is in front of a server that fails after its first page."""
    pages = iter([("200 OK", b"<html lang=en>good"), ("502 Bad Gateway", b"<html lang=en>bad gateway")])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"/sw.js" in await reader.readuntil(b"\r\n\r\n"):
            await respond(writer, WORKER.read_bytes(), "Content-Type: text/javascript")
        else:
            status, body = next(pages)
            await respond(writer, body, "Content-Type: text/html", status=status)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/blogs"
        page = await context.new_page()
        await context.route("**/favicon.ico", lambda route: route.abort())
        await page.goto(f"{url}/sw.js")
        await page.evaluate(
            "navigator.serviceWorker.register('/blogs/sw.js').then(() => navigator.serviceWorker.ready)"
        )
        await page.goto(f"{url}/demo")
        await eventually(lambda: has_copy(page, "good"))
        assert (await page.reload()).status == 502
        await context.set_offline(True)
        await page.reload()
        assert "good" in await page.content()
