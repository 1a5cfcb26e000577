"""The `<live-blog>` element in a page of somebody else, on another origin, under a strict content security policy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import StartNode
from tests.support.browser import Complaints
from tests.support.desk import edit, post, send
from tests.support.node import RunningNode

pytestmark = pytest.mark.browser

SOON = 1_500
"""Milliseconds until what was posted is in an open page."""

Embed = Callable[..., Awaitable[Page]]


@pytest.fixture
async def node(start_node: StartNode) -> RunningNode:
    node = await start_node(STOPPRESS_NEWEST="3")
    await node.make_blog(headline="A day in October")
    return node


@pytest.fixture
async def embed(node: RunningNode, browser: Browser) -> AsyncIterator[Embed]:
    """Open a page of another origin that has the element in it; there must be no complaints until the end."""
    complaints = Complaints()
    page_bytes = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        policy = (
            f"default-src 'none'; script-src {node.url}; connect-src {node.url} {node.websocket_url}; "
            f"img-src {node.url}; require-trusted-types-for 'script'; trusted-types stoppress"
        )
        head = f"Content-Type: text/html\r\nContent-Security-Policy: {policy}\r\nContent-Length: {len(page_bytes)}"
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n".encode() + page_bytes)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    async def open_(inside: str = "", attributes: str = "", place: str = "") -> Page:
        nonlocal page_bytes
        page_bytes = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A newspaper</title>'
            f'<link rel="icon" href="{node.url}/static/icon.svg">'
            f'<script type="module" src="{node.url}/client/element.js"></script></head><body><h1>A newspaper</h1>'
            f'<live-blog src="{node.url}/blogs/demo" {attributes}>{inside}</live-blog><footer>Imprint</footer></body>'
        ).encode()
        page = await (await browser.new_context()).new_page()
        complaints.watch(page, "http://127.0.0.1:")
        await page.goto(address + place)
        return page

    yield open_
    assert complaints == []
    server.close()
    await server.wait_closed()


async def test_one_script_and_one_element_follow_a_blog(node: RunningNode, embed: Embed) -> None:
    old = await post(node, title="Before", markdown="**Bold**", key=True)
    page = await embed()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=5_000)
    await expect(page.locator(f"#entry-{old} .body strong")).to_have_text("Bold")
    await expect(page.get_by_role("navigation", name="Key events").get_by_role("link")).to_have_count(1)
    entry = await post(node, title="After")
    await expect(page.locator(f"#entry-{entry} h2")).to_have_text("After", timeout=SOON)
    await edit(node, old, title="Before, edited")
    await expect(page.locator(f"#entry-{old} h2")).to_have_text("Before, edited", timeout=SOON)
    await send(node, "DELETE", f"/entries/{entry}", {})
    await expect(page.locator(f"#entry-{entry}.retracted")).to_have_count(1, timeout=SOON)
    await expect(page.locator(".status")).to_have_text("Live")
    assert await page.title() == "A newspaper"


async def test_its_links_lead_to_the_server_and_its_older_entries_come_to_it(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(5)]
    page = await embed()
    link = page.locator(f"#time-{ids[4]}")
    await expect(link).to_have_attribute(
        "href", f"{node.url}/blogs/demo/entries/{ids[4]}#entry-{ids[4]}", timeout=5_000
    )
    older = page.get_by_role("link", name="Older updates")
    await expect(older).to_have_attribute("href", re.compile(re.escape(f"{node.url}/blogs/demo?before=")))
    await older.click()
    await expect(page.locator(".entry")).to_have_count(5, timeout=SOON)


async def test_it_goes_to_the_entry_that_the_address_names(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(9)]
    page = await embed(place=f"#entry-{ids[1]}")
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused(timeout=5_000)
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_in_viewport()


async def test_the_publisher_fills_its_slots_and_sets_its_colours(node: RunningNode, embed: Embed) -> None:
    page = await embed('<p slot="masthead">Masthead</p><p slot="related">Our stories</p><p slot="footer">Foot</p>')
    await expect(page.locator("live-blog header")).to_be_visible(timeout=5_000)
    for text in ("Masthead", "Our stories", "Foot"):
        await expect(page.get_by_text(text)).to_be_visible()
    await page.locator("live-blog").evaluate("one => one.style.setProperty('--stoppress-paper', 'rgb(1, 2, 3)')")
    colour = await page.locator("live-blog").evaluate("one => getComputedStyle(one).backgroundColor")
    assert colour == "rgb(1, 2, 3)"


async def test_it_speaks_the_language_around_it(node: RunningNode, embed: Embed) -> None:
    page = await embed(attributes='lang="de"')
    await expect(page.get_by_text("Noch keine Meldungen")).to_be_visible(timeout=5_000)


async def test_taken_out_of_the_document_it_lets_go_and_put_back_it_catches_up(node: RunningNode, embed: Embed) -> None:
    page = await embed()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=5_000)
    await page.evaluate("window.one = document.querySelector('live-blog'); one.remove()")
    entry = await post(node, title="Meanwhile")
    await page.wait_for_timeout(300)
    await page.evaluate("document.body.append(one)")
    await expect(page.locator(f"#entry-{entry} h2")).to_have_text("Meanwhile", timeout=5_000)
    await expect(page.locator(".entry")).to_have_count(1)
