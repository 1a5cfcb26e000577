"""The `<live-blog>` element in a page of somebody else, on another origin, under a strict content security policy."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import StartNode
from tests.support.browser import Embed, Pages
from tests.support.network import Network
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="3")
    await node.make_blog(headline="A day in October")
    return node


LIVE = "document.querySelector('live-blog').live?.phase === 'live'"


async def until(page: Page, expression: str, argument: object = None) -> None:
    """Wait for something to be true. What Playwright has for it breaks the policy of these pages."""
    async with asyncio.timeout(30):
        while not await page.evaluate(expression, argument):
            await page.wait_for_timeout(20)


async def test_one_script_and_one_element_follow_a_blog(node: RunningNode, embed: Embed) -> None:
    old = await post(node, title="Before", markdown="**Bold**", key=True)
    page = await embed()
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible()
    await expect(page.locator(f"#entry-{old} .body strong")).to_have_text("Bold")
    await expect(page.get_by_role("navigation", name="Key events").get_by_role("link")).to_have_count(1)
    entry = await post(node, title="After")
    await expect(page.locator(f"#entry-{entry} h2")).to_have_text("After")
    await edit(node, old, title="Before, edited")
    await expect(page.locator(f"#entry-{old} h2")).to_have_text("Before, edited")
    await send(node, "DELETE", f"/entries/{entry}", {})
    await expect(page.locator(f"#entry-{entry}.retracted")).to_have_count(1)
    await expect(page.locator(".status")).to_have_text("Live")
    assert await page.title() == "A newspaper"
    await send(node, "PATCH", "", {"status": "ended"})
    await expect(page.get_by_role("button", name="Pause")).to_be_hidden()


async def test_its_links_lead_to_the_server_and_its_older_entries_come_to_it(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(5)]
    page = await embed()
    link = page.locator(f"#time-{ids[4]}")
    await expect(link).to_have_attribute("href", f"{node.url}/blogs/demo/entries/{ids[4]}#entry-{ids[4]}")
    older = page.get_by_role("link", name="Older updates")
    await expect(older).to_have_attribute("href", re.compile(re.escape(f"{node.url}/blogs/demo?before=")))
    await older.click()
    await expect(page.locator(".entry")).to_have_count(5)


async def test_it_may_be_moved_while_it_is_made_ready(node: RunningNode, embed: Embed) -> None:
    await post(node, title="Before")
    move = """addEventListener("DOMContentLoaded", () => {
        const element = document.querySelector("live-blog");
        document.body.append(document.createElement("div"));
        document.body.lastElementChild.append(element);
    })"""
    page = await embed(script=move)
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible()
    await expect(page.locator(".entry")).to_have_count(1)
    await post(node, title="After")
    await expect(page.locator(".entry")).to_have_count(2)


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
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused()


async def test_the_blog_keeps_its_own_language(node: RunningNode, embed: Embed) -> None:
    await send(node, "PATCH", "", {"language": "ar"})
    page = await embed(attributes='lang="de"')
    for part in ("title", "entries"):
        await expect(page.locator(f'[data-part="{part}"]')).to_have_attribute("lang", "ar")
        await expect(page.locator(f'[data-part="{part}"]')).to_have_attribute("dir", "rtl")
    await expect(page.locator(".tools")).not_to_have_attribute("dir", "rtl")


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
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible()
    await expect(fallback).to_be_hidden()
    first, second, third, *more = await page.evaluate("asked")
    assert second - first >= 400 and third - second >= 1_900 and not more
    await post(node, title="After")
    await expect(page.locator(".entry")).to_have_count(1)


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


async def test_older_entries_come_by_the_way_that_the_blog_came(empty_node: StartNode, pages: Pages) -> None:
    node = await empty_node(STOPPRESS_NEWEST="3", STOPPRESS_PUBLIC_URL="https://live.example.org")
    await node.make_blog()
    for n in range(5):
        await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z")
    async with Embed(node, pages) as embed:
        page = await embed()
        await page.get_by_role("link", name="Older updates").click()
        await expect(page.locator(".entry")).to_have_count(5)


PICTURE = """{% from "stoppress/entry.html" import byline, figure, link with context %}
{% from "stoppress/entry.html" import moment, said_with_time, tag_list with context %}
{% macro article(entry) -%}
<article class="entry" id="entry-{{ entry.id }}" tabindex="0" data-published="{{ entry.published_at }}">
  <img src="/static/icon.svg" alt="{{ entry.title }}"><a href="//example.org/">else</a></article>
{%- endmacro %}"""


async def test_addresses_of_templates_lead_to_the_server(start_node: StartNode, pages: Pages, tmp_path: Path) -> None:
    (tmp_path / "entry.html").write_text(PICTURE)
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path))
    await node.make_blog()
    await post(node, title="Before")
    async with Embed(node, pages) as embed:
        page = await embed()
        await until(page, LIVE)
        await post(node, title="After")
        for name in ("Before", "After"):
            picture = page.get_by_role("img", name=name)
            await expect(picture).to_have_attribute("src", f"{node.url}/static/icon.svg")
            await until(page, "one => one.naturalWidth > 0", await picture.element_handle())
        await expect(page.get_by_role("link", name="else").first).to_have_attribute("href", "http://example.org/")


async def test_it_says_that_its_blog_is_gone_also_where_sockets_are_blocked(node: RunningNode, embed: Embed) -> None:
    page = await embed(blog="nowhere", script="WebSocket = EventSource = class { constructor() { throw Error() } }")
    await expect(page.get_by_text("Not available")).to_be_visible()
    embed.complaints.clear()  # of the 404


async def test_its_properties_are_its_attributes(node: RunningNode, embed: Embed) -> None:
    page = await embed()
    element = page.locator("live-blog")
    assert await element.evaluate("one => one.src") == f"{node.url}/blogs/demo"
    await element.evaluate("one => { one.src = '/blogs/other'; one.lang = 'de' }")
    await expect(element).to_have_attribute("src", "/blogs/other")
    await expect(element).to_have_attribute("lang", "de")
    assert await element.evaluate("one => one.src") == await page.evaluate("location.origin + '/blogs/other'")
    assert await element.evaluate("one => (one.removeAttribute('src'), one.src)") == ""
    assert await element.evaluate("one => (one.src = 'http://[', one.src)") == "http://["
    embed.complaints.clear()  # the newspaper has no blogs


async def test_it_follows_the_blog_and_the_language_that_it_is_given_later(node: RunningNode, embed: Embed) -> None:
    await node.make_blog("other", headline="Another day")
    page = await embed(script=SOCKETS)
    element = page.locator("live-blog")
    await expect(page.get_by_role("heading", name="A day in October")).to_be_visible()
    await element.evaluate("(one, src) => { one.src = src }", f"{node.url}/blogs/other")
    await expect(page.get_by_role("heading", name="Another day")).to_be_visible()
    await post(node, title="In the first one")
    async with node.editor() as editor:
        await editor.post("/api/blogs/other/entries", json={"title": "In the other one"})
    await expect(page.locator(".entry h2")).to_have_text("In the other one")
    await element.evaluate("one => { one.lang = 'de' }")
    await expect(page.get_by_role("button", name="Anhalten")).to_be_visible()
    await until(page, f"{OPEN} === 1")
    await element.evaluate("one => one.removeAttribute('src')")
    await expect(page.locator(".entry")).to_have_count(0)
    await until(page, f"{OPEN} === 0")
    assert await element.evaluate("one => one.live") is None


SECOND = """(src) => {
  const other = document.createElement("live-blog");
  other.id = "other";
  other.src = src;
  other.style.display = "none"; // so that it does not load older entries because they would be in view
  document.querySelector("main").append(other);
}"""


async def test_two_on_a_page_do_not_disturb_each_other(node: RunningNode, embed: Embed) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(9)]
    await node.make_blog("other", headline="Another day")
    async with node.editor() as editor:
        for n in range(9):
            await editor.post("/api/blogs/other/entries", json={"title": f"Other {n}"})
    page = await embed()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate(SECOND, f"{node.url}/blogs/other")
    await expect(page.locator("#other .entry")).to_have_count(3)
    await page.evaluate("id => { location.hash = `#entry-${id}` }", ids[1])
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused()
    assert any(f"/blogs/other/entries/{ids[1]}" in url for url in asked), "it was asked whether it has the entry"
    assert not any("/blogs/other/entries?" in url for url in asked)
    await expect(page.locator("#other .entry")).to_have_count(3)
    await page.evaluate("document.getElementById('other').remove()")
    await page.evaluate("scrollTo(0, 0)")
    entry = await post(node, title="After")
    await expect(page.locator(f"#entry-{entry}")).to_have_count(1)
    embed.complaints[:] = [one for one in embed.complaints if "404" not in one]


SOCKETS = """
window.sockets = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...how) { super(...how); sockets.push(new WeakRef(this)); }
};
"""
OPEN = "sockets.filter((one) => (one.deref()?.readyState ?? 3) < 2).length"

COME_AND_GO = """async (times) => {
  const pause = () => new Promise((next) => setTimeout(next, 5));
  const one = document.querySelector("live-blog");
  for (let time = 0; time < times; time++) {
    one.remove();
    while (one.live.phase !== "stopped") await pause();
    document.querySelector("main").append(one);
    while (one.live.phase !== "live") await pause();
  }
}"""


async def test_comings_and_goings_leave_nothing_behind(node: RunningNode, embed: Embed) -> None:
    """New elements come and go in `test_frameworks.py`."""
    await post(node, title="One")
    page = await embed(script=SOCKETS)
    await until(page, LIVE)
    browser = await page.context.new_cdp_session(page)
    await browser.send("Performance.enable")

    async def counted() -> dict[str, float]:
        await browser.send("HeapProfiler.collectGarbage")
        metrics = (await browser.send("Performance.getMetrics"))["metrics"]
        found = {one["name"]: one["value"] for one in metrics}
        return {name: found[name] for name in ("JSEventListeners", "Nodes")} | {"sockets": await page.evaluate(OPEN)}

    await page.evaluate(COME_AND_GO, 2)
    before = await counted()
    await page.evaluate(COME_AND_GO, 20)
    async with asyncio.timeout(20):
        while [name for name, count in (await counted()).items() if count > before[name]]:
            await page.wait_for_timeout(100)
    assert before["sockets"] == 1


BEFORE_ITS_SCRIPT = """document.addEventListener("readystatechange", () => {
  const first = document.querySelector("live-blog");
  const src = new URL(first.getAttribute("src"));
  const base = document.head.appendChild(document.createElement("base"));
  base.href = src.origin + "/elsewhere/";
  first.remove();
  const made = Object.assign(document.createElement("live-blog"), { id: "made", src });
  const clone = document.createElement("live-blog");
  clone.setAttribute("src", "../blogs/demo");
  const host = document.createElement("div");
  host.lang = "de";
  const shadow = host.attachShadow({ mode: "closed" });
  shadow.append(clone.cloneNode(true));
  window.inside = shadow.firstElementChild;
  document.querySelector("main").append(made, host);
}, { once: true });"""


async def test_it_works_wherever_and_whenever_it_is_made(node: RunningNode, embed: Embed) -> None:
    """As a property before its script, in a closed shadow root, as a clone, below another `base`."""
    await post(node, title="Before")
    page = await embed(script=BEFORE_ITS_SCRIPT)
    await until(page, "document.getElementById('made').live?.phase === 'live' && inside.live?.phase === 'live'")
    assert await page.evaluate("[made.getAttribute('src'), inside.src]") == [f"{node.url}/blogs/demo"] * 2
    assert await page.evaluate("inside.shadowRoot.querySelector('.pause').textContent") == "Anhalten"
    await post(node, title="After")
    await until(page, "[made, inside].every(({ shadowRoot }) => shadowRoot.querySelectorAll('.entry').length === 2)")


async def test_moved_it_keeps_its_connection_and_changed_it_follows_the_last(node: RunningNode, embed: Embed) -> None:
    await node.make_blog("other", headline="Another day")
    page = await embed(script=SOCKETS)
    await until(page, LIVE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate(
        "window.one = document.querySelector('live-blog'); document.querySelector('footer').append(one)"
    )
    await until(page, LIVE)
    assert await page.evaluate("sockets.length") == 1
    await page.evaluate("for (const n of [1, 2, 3, 'other']) one.src = one.src.replace(/[^/]*$/, n)")
    await expect(page.get_by_role("heading", name="Another day")).to_be_visible()
    assert len([url for url in asked if "/embed" in url]) == 1
    await until(page, "one.live.phase === 'live'")
    await page.evaluate("document.body.append(document.createElement('iframe')); frames[0].document.body.append(one)")
    frame = page.frames[1]
    await expect(frame.get_by_role("heading", name="Another day")).to_be_visible()
    assert await frame.locator(".entries").evaluate("one => getComputedStyle(one).overflowWrap") == "break-word"
    await until(page, "one.live.phase === 'live'")
    for nowhere in ("javascript:alert(1)", "mailto:a@example.org", " ", "http://["):
        await frame.locator("live-blog").evaluate("(one, src) => { one.src = src }", nowhere)
        await until(page, f"{OPEN} === 0 && one.live === null")


async def test_markup_of_the_server_in_the_page_of_a_publisher_changes_nothing_else(
    node: RunningNode, browser: Browser
) -> None:
    ids = [await post(node, title=str(n), published_at=f"2020-10-09T06:0{n}:00Z") for n in range(5)]
    async with node.editor() as editor:
        markup = re.search("<live-blog.*</live-blog>", (await editor.get("/blogs/demo")).text, re.DOTALL)
    assert markup
    script = '<script type="module" src="/client/element.js"></script>'
    html = f'<!doctype html><html lang="en"><title>A newspaper</title>{script}{markup[0]}'
    async with Network(node.port, {"/news": html}) as network:
        page = await browser.new_page()
        await page.goto(f"{network.url}/news")
        await until(page, LIVE)
        await send(node, "PATCH", "", {"headline": "عنوان", "language": "ar"})
        await expect(page.get_by_role("heading", name="عنوان")).to_be_visible()
        await expect(page.locator("[data-part=title]")).to_have_attribute("dir", "rtl")
        for target in ("unknown", ids[0]):
            await page.evaluate("id => { location.hash = `#entry-${id}` }", target)
        await expect(page.locator(f"#entry-{ids[0]}")).to_be_focused()
        assert page.url == f"{network.url}/news#entry-{ids[0]}"
        assert await page.evaluate("[document.title, document.documentElement.lang]") == ["A newspaper", "en"]
        await page.close()


@pytest.mark.parametrize(("language", "said"), [("en", "does not have the update"), ("de", "gibt es in diesem")])
async def test_the_page_of_the_server_says_that_it_does_not_have_an_entry(
    node: RunningNode, browser: Browser, language: str, said: str
) -> None:
    await send(node, "PATCH", "", {"language": language})
    entry = await post(node, title="Before")
    page = await browser.new_page()
    await page.goto(f"{node.url}/blogs/demo#entry-unknown")
    await expect(page.get_by_text(said)).to_be_visible()
    assert page.url == f"{node.url}/blogs/demo#entry-unknown"
    await page.evaluate("id => { location.hash = `#entry-${id}` }", entry)
    await expect(page.get_by_text(said)).to_be_hidden()


STICKY = "live-blog { --stoppress-top: 80px } body { font: 20px monospace; color: rgb(1, 2, 3) }"


async def test_a_sticky_header_hides_nothing_and_slots_keep_the_type_of_the_page(
    node: RunningNode, embed: Embed
) -> None:
    ids = [await post(node, title=str(n), markdown="text\n\n" * 40) for n in range(3)]
    style = f"""addEventListener("DOMContentLoaded", () => {{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("{STICKY}");
      document.adoptedStyleSheets = [sheet];
    }})"""
    slots = "".join(f'<p slot="{name}">In {name}</p>' for name in ("masthead", "related", "footer"))
    page = await embed(slots, place=f"#entry-{ids[1]}", script=style)
    await expect(page.locator(f"#entry-{ids[1]}")).to_be_focused()
    top = "one => Math.round(one.getBoundingClientRect().top)"
    assert await page.locator(f"#entry-{ids[1]}").evaluate(top) == 80
    await post(node, title="New")
    button = page.get_by_role("button", name="1 new update")
    await expect(button).to_be_visible()
    assert await button.evaluate(top) >= 80
    font = "one => (({ fontFamily, fontSize, color }) => [fontFamily, fontSize, color])(getComputedStyle(one))"
    for name in ("masthead", "related", "footer"):
        assert await page.get_by_text(f"In {name}").evaluate(font) == ["monospace", "20px", "rgb(1, 2, 3)"]
        await expect(page.get_by_text(f"In {name}")).to_be_visible()
    element, ground = page.locator("live-blog"), "one => getComputedStyle(one).backgroundColor"
    assert await element.evaluate(ground) == "rgba(0, 0, 0, 0)"
    await element.evaluate("one => one.style.setProperty('--stoppress-paper', 'rgb(1, 2, 3)')")
    assert await element.evaluate(ground) == "rgb(1, 2, 3)"
