"""The `<live-blog>` element in a page of somebody else, on another origin, under a strict content security policy."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.conftest import StartNode
from tests.support.browser import Embed
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser

SOON = 30_000
"""Milliseconds until what was posted is in an open page, at the latest: a machine may be busy."""


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="3")
    await node.make_blog(headline="A day in October")
    return node


async def test_one_script_and_one_element_follow_a_blog(node: RunningNode, embed: Embed) -> None:
    old = await post(node, title="Before", markdown="**Bold**", key=True)
    page = await embed()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=30_000)
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
        "href", f"{node.url}/blogs/demo/entries/{ids[4]}#entry-{ids[4]}", timeout=30_000
    )
    older = page.get_by_role("link", name="Older updates")
    await expect(older).to_have_attribute("href", re.compile(re.escape(f"{node.url}/blogs/demo?before=")))
    await older.click()
    await expect(page.locator(".entry")).to_have_count(5, timeout=SOON)


async def test_it_may_be_moved_while_it_is_made_ready(node: RunningNode, embed: Embed) -> None:
    await post(node, title="Before")
    move = """addEventListener("DOMContentLoaded", () => {
        const element = document.querySelector("live-blog");
        document.body.append(document.createElement("div"));
        document.body.lastElementChild.append(element);
    })"""
    page = await embed(script=move)
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=30_000)
    await expect(page.locator(".entry")).to_have_count(1)
    await post(node, title="After")
    await expect(page.locator(".entry")).to_have_count(2, timeout=SOON)


async def test_it_goes_to_the_entry_that_the_address_names(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(9)]
    page = await embed(place=f"#entry-{ids[1]}")
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused(timeout=30_000)
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_in_viewport()


LATE = """
const real = window.fetch;
window.fetch = async (address, options) => {
  const answer = await real(address, options);
  if (String(address).includes("/embed")) await new Promise((resolve) => setTimeout(resolve, 1_000));
  return answer;
};
"""


async def test_it_goes_there_also_if_more_has_come_than_it_shows_at_first(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(9)]
    page = await embed(place=f"#entry-{ids[1]}", script=LATE)
    await page.wait_for_timeout(300)
    await post(node, title="Meanwhile")
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused(timeout=30_000)


async def test_the_publisher_fills_its_slots_and_sets_its_colours(node: RunningNode, embed: Embed) -> None:
    page = await embed('<p slot="masthead">Masthead</p><p slot="related">Our stories</p><p slot="footer">Foot</p>')
    await expect(page.locator("live-blog header")).to_be_visible(timeout=30_000)
    for text in ("Masthead", "Our stories", "Foot"):
        await expect(page.get_by_text(text)).to_be_visible()
    ground = "one => getComputedStyle(one).backgroundColor"
    assert await page.locator("live-blog").evaluate(ground) == "rgba(0, 0, 0, 0)"
    await page.locator("live-blog").evaluate("one => one.style.setProperty('--stoppress-paper', 'rgb(1, 2, 3)')")
    assert await page.locator("live-blog").evaluate(ground) == "rgb(1, 2, 3)"


async def test_what_has_ended_cannot_be_paused(node: RunningNode, embed: Embed) -> None:
    page = await embed()
    pause = page.get_by_role("button", name="Pause")
    await expect(pause).to_be_visible(timeout=30_000)
    await send(node, "PATCH", "", {"status": "ended"})
    await expect(pause).to_be_hidden(timeout=30_000)


async def test_the_blog_keeps_its_own_language(node: RunningNode, embed: Embed) -> None:
    await send(node, "PATCH", "", {"language": "ar"})
    page = await embed(attributes='lang="de"')
    for part in ("title", "entries"):
        await expect(page.locator(f'[data-part="{part}"]')).to_have_attribute("lang", "ar")
        await expect(page.locator(f'[data-part="{part}"]')).to_have_attribute("dir", "rtl")
    await expect(page.locator(".tools")).not_to_have_attribute("dir", "rtl")


async def test_it_speaks_the_language_around_it(node: RunningNode, embed: Embed) -> None:
    page = await embed(attributes='lang="de"')
    await expect(page.get_by_text("Noch keine Meldungen")).to_be_visible(timeout=30_000)


async def test_taken_out_of_the_document_it_lets_go_and_put_back_it_catches_up(node: RunningNode, embed: Embed) -> None:
    page = await embed()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=30_000)
    await page.wait_for_function("document.querySelector('live-blog').live.phase === 'live'")
    await page.evaluate("window.one = document.querySelector('live-blog'); one.remove()")
    entry = await post(node, title="Meanwhile")
    await page.wait_for_timeout(300)
    await page.evaluate("document.body.append(one)")
    await expect(page.locator(f"#entry-{entry} h2")).to_have_text("Meanwhile", timeout=30_000)
    await expect(page.locator(".entry")).to_have_count(1)


REFUSED_TWICE = """
const real = window.fetch, asked = window.asked = [];
window.fetch = (address, options) => {
  if (!String(address).includes("/embed")) return real(address, options);
  asked.push(performance.now());
  if (asked.length === 1) return Promise.reject(new TypeError("no network"));
  const busy = { status: 503, headers: { "retry-after": "2" } };
  if (asked.length === 2) return Promise.resolve(new Response("busy", busy));
  return real(address, options);
};
"""


async def test_until_the_server_answers_it_shows_what_stands_in_it(node: RunningNode, embed: Embed) -> None:
    page = await embed('<a href="/blog">Our live blog</a>', script=REFUSED_TWICE)
    fallback = page.get_by_role("link", name="Our live blog")
    await expect(fallback).to_be_visible()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible(timeout=30_000)
    await expect(fallback).to_be_hidden()
    first, second, third, *more = await page.evaluate("asked")
    assert second - first >= 400 and third - second >= 1_900 and not more
    await post(node, title="After")
    await expect(page.locator(".entry")).to_have_count(1, timeout=SOON)


ODD_ANSWERS = """
const real = window.fetch, asked = window.asked = [];
const answers = [
  new Response("<live-blog src='/blogs/demo'>A page that has the element in it</live-blog>"),
  new Response("busy", { status: 503, headers: { "retry-after": new Date().toUTCString() } }),
  new Response("busy", { status: 503, headers: { "retry-after": "9999999" } }),
];
window.fetch = async (address, options) => {
  if (!String(address).includes("/embed")) return real(address, options);
  asked.push(performance.now());
  return answers.shift() ?? real(address, options);
};
"""


async def test_it_asks_again_with_patience_whatever_it_is_answered(node: RunningNode, embed: Embed) -> None:
    page = await embed('<a href="/blog">Our live blog</a>', script=ODD_ANSWERS)
    while await page.evaluate("asked.length") < 3:
        await page.wait_for_timeout(200)
    await page.wait_for_timeout(1_000)
    first, second, third, *more = await page.evaluate("asked")
    assert second - first >= 400 and third - second >= 400 and not more
    await expect(page.get_by_role("link", name="Our live blog")).to_be_visible()


async def test_older_entries_come_by_the_way_that_the_blog_came(empty_node: StartNode, browser: Browser) -> None:
    node = await empty_node(STOPPRESS_NEWEST="3", STOPPRESS_PUBLIC_URL="https://live.example.org")
    await node.make_blog()
    for n in range(5):
        await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z")
    embed = Embed(node, browser)
    await embed.start()
    try:
        page = await embed()
        await page.get_by_role("link", name="Older updates").click()
        await expect(page.locator(".entry")).to_have_count(5, timeout=SOON)
        assert embed.complaints == []
    finally:
        await embed.stop()


async def test_it_says_that_its_blog_is_gone_also_where_sockets_are_blocked(node: RunningNode, embed: Embed) -> None:
    page = await embed(blog="nowhere", script="WebSocket = EventSource = class { constructor() { throw Error() } }")
    await expect(page.get_by_text("No longer available")).to_be_visible(timeout=30_000)
    embed.complaints.clear()  # of the 404
