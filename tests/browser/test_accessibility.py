"""axe-core finds nothing to complain of (WCAG 2.2 A and AA, and its best practices), in any state of the page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import Eventually, StartNode
from tests.support.axe import violations
from tests.support.browser import Embed, OpenPage, can_go_offline
from tests.support.command import stoppress
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="5")
    await node.make_blog(headline="A day in October", standfirst="What happened.", language="en")
    return node


async def publish_all_kinds(node: RunningNode) -> str:
    """Returns the id of the oldest entry."""
    first, *_ = [
        await post(node, title=f"Number {number}", markdown="Some *news* with [a link](https://example.org/).")
        for number in range(6)
    ]
    media: list[dict[str, Any]] = [
        {"type": "image", "url": "/static/icon.svg", "alt": "A bridge", "caption": "The bridge", "credit": "J. Berg"},
        {"type": "embed", "url": "https://vimeo.com/123456789", "caption": "The speech"},
    ]
    wide = "```\n" + "wide " * 60 + "\n```\n\n| One | Two |\n|---|---|\n| " + "w" * 99 + " | " + "w" * 99 + " |"
    fields: dict[str, Any] = {"tags": ["talks"], "media": media, "authors": [{"name": "Ada"}]}
    rich = await post(node, title="Rich", markdown=wide, key=True, breaking=True, **fields)
    await edit(node, rich, correction="It was Tuesday.", pinned=True)
    await send(node, "DELETE", f"/entries/{await post(node, title='Wrong')}", {"note": "We were wrong."})
    await send(node, "PATCH", "", {"related": [{"title": "Background", "url": "https://example.org/"}]})
    return first


STATES = {
    "page": ("full", "empty", "ended", "reconnecting", "waiting", "key", "narrow", "rtl"),
    "embed": ("full", "empty", "ended", "waiting", "narrow", "rtl"),
    "older": ("full",),
    "entry": ("full",),
    "offline": ("full",),
    "archive": ("ended",),
    "index": ("full", "empty", "narrow"),
    "nowhere": ("empty", "narrow"),
    "api": ("narrow",),
}
"""What is looked at, and in which states."""


Open = Callable[..., Awaitable[Page]]


@pytest.fixture
def open_state(
    node: RunningNode, browser: Browser, open_page: OpenPage, embed: Embed, eventually: Eventually, tmp_path: Path
) -> Open:
    async def open_(what: str, oldest: str, attributes: str, **context: Any) -> Page:
        context |= {"bypass_csp": True, "reduced_motion": "reduce"}
        if what == "embed":
            page = await embed(attributes=attributes, **context)
            await expect(page.locator("live-blog h1")).to_be_visible()
            return page
        if what == "archive":
            result = await asyncio.to_thread(stoppress, "export", "--url", node.url, "demo", str(tmp_path / "demo"))
            assert result.code == 0, result.err
            page = await (await browser.new_context(**context)).new_page()
            await page.goto((tmp_path / "demo" / "index.html").as_uri())
            return page
        paths = {"index": "/", "nowhere": "/blogs/nowhere", "api": "/api/docs"}
        paths["entry"] = f"/blogs/demo/entries/{oldest}"
        page = await open_page(node, paths.get(what, "/blogs/demo"), **context)
        if what == "older":
            await page.goto(node.url + str(await page.locator("link[rel=next]").get_attribute("href")))
        if what == "offline":
            await eventually(lambda: can_go_offline(page, "/blogs/demo"))
            await page.context.set_offline(True)
            await page.reload()
            await expect(page.locator("html")).to_have_attribute("data-offline", "")
            await expect(page.locator(".status")).to_contain_text("last update")
        return page

    return open_


@pytest.mark.parametrize(("what", "state"), [(what, state) for what, states in STATES.items() for state in states])
async def test_axe_finds_nothing(node, open_state, complaints, what, state):
    oldest = "" if state == "empty" else await publish_all_kinds(node)
    if state in ("ended", "rtl"):
        await send(node, "PATCH", "", {"status": "ended"} if state == "ended" else {"language": "ar"})
    context = {"viewport": {"width": 320, "height": 640}} if state == "narrow" else {}
    attributes = 'lang="ar" dir="rtl"' if state == "rtl" else ""
    page = await open_state(what, oldest, attributes, **context)
    if state == "reconnecting":
        await page.context.set_offline(True)
        await node.stop()
        await expect(page.locator(".status")).to_contain_text("last update")
    if state == "waiting":
        await page.get_by_role("button", name="Pause").click()
        await post(node, title="New")
        await expect(page.get_by_role("button", name="1 new update")).to_be_visible()
    if state == "narrow" and what in ("page", "embed"):
        await page.get_by_text("Options").click()
    if state == "key":
        await page.get_by_role("button", name="Key events").click()
    assert await violations(page) == []
    if state == "narrow":
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    if state == "reconnecting" or what in ("offline", "nowhere"):
        complaints.clear()  # of what cannot be reached
