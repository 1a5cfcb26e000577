"""The reader's page in a real browser: what is posted appears in it, and it is the page that a reload would give."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.conftest import StartNode
from tests.support.desk import open_desk
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser

RICH = {
    "title": 'Talks & "terms" <b>',
    "markdown": "**Bold**, [a link](https://example.org/?a=1&b=2)\n\n- one\n- two\n\n"
    "```\n  code\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "authors": [{"name": "Ada Novak", "url": "https://example.org/ada"}, {"name": "Jon Berg"}],
    "tags": ["diplomacy", "a & b"],
    "key": True,
    "breaking": True,
    "source": {"name": "Kremlin", "url": "https://example.org/k"},
    "event_at": "2020-10-09T05:58:00Z",
    "published_at": "2020-10-09T06:12:00Z",
    "media": [
        {"type": "embed", "url": "https://example.org/map?a=1&b=2", "caption": "The map", "credit": "Maps"},
        {"type": "embed", "url": "https://example.org/plain"},
        {"type": "audio", "url": "/static/none.mp3", "alt": "An interview"},
        {"type": "video", "url": "/static/none.mp4", "alt": "", "width": 640, "height": 360},
        {"type": "image", "url": "/static/icon.svg", "alt": "A bridge", "caption": "The bridge", "credit": "J. Berg"},
        {"type": "image", "url": "/static/icon.svg", "width": 64, "height": 64},
    ],
}


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node()
    await node.make_blog(headline="A day in October")
    return node


async def titles(page: Page) -> list[str]:
    return await page.locator(".entry h2").all_inner_texts()


async def test_entries_and_the_header_change_without_a_reload(node, open_page):
    page = await open_page(node)
    await expect(page.get_by_text("No updates yet")).to_be_visible()
    six = await post(node, title="Six", markdown="**Bold** news", published_at="2020-10-09T06:00:00Z")
    await expect(page.locator(f"#entry-{six} .body strong")).to_have_text("Bold")
    await expect(page.get_by_text("No updates yet")).to_be_hidden()
    await expect(page.locator(".status")).to_have_text("Live")
    eight = await post(node, title="Eight", markdown="Nobody confirmed this.", published_at="2020-10-09T08:00:00Z")
    for hour, title in ((5, "Five"), (7, "Seven")):
        await post(node, title=title, published_at=f"2020-10-09T0{hour}:00:00Z")
    await edit(node, six, title="Sixth", correction="It was not a draft.")
    await expect(page.locator(".entry h2")).to_have_text(["Eight", "Seven", "Sixth", "Five"])
    await expect(page.locator(f"#entry-{six} .corrections")).to_contain_text("It was not a draft.")
    await expect(page.locator(f"#entry-{six} .updated")).to_be_visible()
    await send(node, "DELETE", f"/entries/{eight}", {"note": "We were wrong."})
    await expect(page.locator(f"#entry-{eight}.retracted")).to_contain_text("We were wrong.")
    html = await page.content()
    assert "Eight" not in html and "Nobody confirmed" not in html

    related = [{"title": "Background", "url": "https://example.org/b"}]
    await send(node, "PATCH", "", {"headline": "عنوان", "standfirst": "Over.", "status": "ended", "language": "ar"})
    await send(node, "PATCH", "", {"related": related})
    await expect(page.locator("h1")).to_have_text("عنوان")
    await expect(page.locator(".standfirst")).to_have_text("Over.")
    await expect(page.locator(".status")).to_have_text("Ended")
    await expect(page.get_by_role("link", name="Background")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert await page.title() == "عنوان"


async def test_pinning_puts_a_pointer_on_top(node, open_page):
    first, second = await post(node, title="One"), await post(node, markdown="Without a title")
    page = await open_page(node)
    pinned = page.locator("aside.pinned")
    await edit(node, first, pinned=True)
    await pinned.get_by_role("link", name="One").click()
    await expect(page.locator(f"#entry-{first}")).to_be_focused()
    await expect(page).to_have_url(f"{node.url}/blogs/demo#entry-{first}")
    await edit(node, first, title="Uno")
    await expect(pinned.get_by_role("link", name="Uno")).to_be_visible()
    await edit(node, second, pinned=True)
    await expect(pinned).to_contain_text("Without a title")
    await expect(page.locator(".entry.pinned")).to_have_count(1)
    await send(node, "DELETE", f"/entries/{second}", {})
    await expect(pinned).to_have_count(0)


async def test_the_element_may_leave_the_page_and_come_back(node, open_page, eventually):
    await post(node, title="Before")
    page = await open_page(node)
    # Not by `wait_for_function`: it needs `eval` in the page, which the page's policy forbids
    await eventually(lambda: page.evaluate("document.querySelector('live-blog').live.phase === 'live'"))
    await page.get_by_role("button", name="Pause").click()
    await post(node, title="Waiting")
    await expect(page.get_by_role("button", name="1 new update")).to_be_visible()
    await page.evaluate("window.one = document.querySelector('live-blog'); window.next = one.nextSibling; one.remove()")
    await post(node, title="Meanwhile")
    await page.evaluate("document.querySelector('main').insertBefore(one, next)")
    await page.get_by_role("button", name="2 new updates").click()
    assert await titles(page) == ["Meanwhile", "Waiting", "Before"]


async def test_times_are_in_the_time_zone_of_the_blog(node, open_page):
    page = await open_page(node, timezone_id="America/New_York", locale="en-GB")
    entry = await post(node, markdown="x", published_at="2020-10-09T23:12:00Z")
    time = page.locator(f"#entry-{entry} .meta time")
    await expect(time).to_have_text("9 Oct 2020, 19:12")
    for zone, text in (("Europe/Skopje", "10 Oct 2020, 01:12 CEST"), (None, "9 Oct 2020, 19:12")):
        await send(node, "PATCH", "", {"timezone": zone})
        await expect(time).to_have_text(text)
        await page.reload()
        await expect(time).to_have_text(text)


WHOLE = "blog => (blog.querySelector('[data-part=announcer]').replaceChildren(), blog.outerHTML)"
"""The markup, without what was said to screen readers: that depends on when it came."""


async def test_what_grew_live_is_what_a_reload_gives(node, open_page):
    page = await open_page(node, timezone_id="Europe/Skopje", locale="en-GB")
    rich = await post(node, **RICH)
    await edit(node, rich, correction="One < two.", pinned=True)
    await send(node, "DELETE", f"/entries/{await post(node, title='x')}", {"note": "Wrong & gone"})
    await send(node, "DELETE", f"/entries/{await post(node, title='y')}", {})
    await post(node, markdown="Plain")
    await post(node, title="Title only", authors=[{"name": "A"}, {"name": "B"}])
    image = {"type": "image", "url": f"{node.url}/static/icon.svg", "caption": "An icon"}
    await send(node, "PATCH", "", {"standfirst": "A & B", "tags": ["t"], "authors": [{"name": "Desk"}], "image": image})
    await send(node, "PATCH", "", {"status": "scheduled", "coverage_start": "2020-10-09T05:40:00Z"})
    done = await send(node, "PATCH", "", {"related": [{"title": "R", "url": "https://example.org/r"}]})
    await expect(page.locator("live-blog")).to_have_attribute("data-cursor", re.compile(f"^{done['seq']}-"))
    grown = await page.locator("live-blog").evaluate(WHOLE)
    await page.reload()
    await expect(page.locator(f"#entry-{rich} time").first).to_have_text("9 Oct 2020, 08:12")
    assert (await page.locator("live-blog").evaluate(WHOLE)).split("><") == grown.split("><")


async def test_everything_is_there_without_javascript(node, open_page):
    entry = await post(node, **RICH)
    await edit(node, entry, pinned=True)
    page = await open_page(node, java_script_enabled=False)
    article = page.locator(f"#entry-{entry}")
    for text in ("06:12 UTC", "Breaking", "Key event", RICH["title"], "Bold", "The bridge", "Ada Novak", "diplomacy"):
        await expect(article).to_contain_text(text)
    await expect(page.locator("h1")).to_have_text("A day in October")
    await expect(page.locator("aside.pinned")).to_contain_text(RICH["title"])
    await page.goto(node.url)
    await page.get_by_role("link", name="A day in October").click()
    await expect(article).to_be_visible()


async def test_an_older_page_has_its_own_entries_only(empty_node, open_page):
    node = await empty_node(STOPPRESS_NEWEST="2")
    await node.make_blog()
    ids = [await post(node, title=f"At {hour}", published_at=f"2020-10-09T0{hour}:00:00Z") for hour in range(1, 6)]
    page = await open_page(node)
    assert await titles(page) == ["At 5", "At 4"]
    older = await page.get_by_role("link", name="Older updates").get_attribute("href")
    await page.goto(f"{node.url}{older}")
    assert await titles(page) == ["At 3", "At 2"]
    await post(node, title="New")
    await edit(node, ids[0], title="Elsewhere")
    await post(node, title="Between", published_at="2020-10-09T03:30:00Z")
    await edit(node, ids[2], title="At 3, edited")
    await expect(page.locator(f"#entry-{ids[2]} h2")).to_have_text("At 3, edited")
    assert await titles(page) == ["Between", "At 3, edited", "At 2"]
    await page.get_by_role("link", name="Newest updates").click()
    assert await titles(page) == ["New", "At 5"]


async def test_what_is_named_above_goes_with_entries_that_are_not_loaded(empty_node, open_page):
    node = await empty_node(STOPPRESS_NEWEST="1")
    await node.make_blog()
    old = await post(node, title="Old", published_at="2020-10-09T06:00:00Z", key=True)
    await post(node, title="New")
    page = await open_page(node)
    summary = page.get_by_role("navigation", name="Key events")
    await expect(page.locator(".status")).to_have_text("Live")
    await edit(node, old, title="Old, edited", pinned=True)
    await expect(page.locator("aside.pinned h2")).to_have_text("Old, edited")
    await expect(summary.get_by_role("link")).to_contain_text("Old, edited")
    await edit(node, old, key=False)
    await expect(summary).to_have_count(0)
    await edit(node, old, key=True)
    link = summary.get_by_role("link", name="Old, edited")
    await expect(link).to_have_attribute("href", f"/blogs/demo/entries/{old}#entry-{old}")
    await page.locator("aside.pinned").get_by_role("link", name="Old, edited").click()
    await expect(page).to_have_url(f"{node.url}/blogs/demo/entries/{old}#entry-{old}")
    assert await titles(page) == ["Old, edited"]
    await edit(node, old, title="Old")
    await expect(page.locator(f"#entry-{old} h2")).to_have_text("Old")


async def test_a_publisher_may_have_templates_of_another_kind(empty_node, open_page, tmp_path):
    block = "{% block related %}<template><p>For a script of ours</p></template>{% endblock %}"
    (tmp_path / "blog.html").write_text('{% extends "stoppress/blog.html" %}' + block)
    node = await empty_node(STOPPRESS_TEMPLATES=str(tmp_path))
    await node.make_blog()
    page = await open_page(node)
    await post(node, title="First")
    await expect(page.get_by_role("heading", name="First")).to_be_visible()


async def test_a_reset_replaces_everything_also_on_an_older_page(node, open_page, browser, complaints):
    entry = await post(node, title="Before", published_at="2020-10-09T06:00:00Z")
    await post(node, title="Later")
    page = await (await browser.new_context()).new_page()
    complaints.watch(page, node.url)
    connected: asyncio.Future[WebSocketRoute] = asyncio.get_running_loop().create_future()
    # Playwright puts a mark on the handler, which a builtin method does not take
    await page.route_web_socket(re.compile("/live"), lambda server: connected.set_result(server))  # noqa: PLW0108
    await page.goto(f"{node.url}/blogs/demo?before=2020-10-09T07:00:00.000Z_{entry}")
    assert await titles(page) == ["Before"]
    server = await connected
    at = "2020-10-09T08:00:00.000Z"
    article = f'<article id="entry-after" class="entry" data-published="{at}"><h2>After</h2></article>'
    after = {"id": "after", "seq": 1, "version": 1, "status": "published", "html": article, "published_at": at}
    older = f"/blogs/demo?before={at}_after"
    pages = f'<nav class="pages"><a href="{older}" rel="next">Older updates</a></nav>'
    reset = {"type": "update", "blog": "demo", "from": None, "cursor": "1-other"}
    header = {"headline": "Made anew", "status": "live", "language": "en", "dir": "ltr"}
    more = {"parts": {"title": "<h1>Made anew</h1>", "pages": pages}, "older": older.replace("?", "/entries?")}
    server.send(json.dumps({**reset, **more, "header": header, "entries": [after]}))
    await expect(page.locator("h1")).to_have_text("Made anew")
    assert await titles(page) == ["After"]
    await expect(page).to_have_url(f"{node.url}/blogs/demo")
    await expect(page.get_by_role("link", name="Newest updates")).to_have_count(0)
    await expect(page.get_by_role("link", name="Older updates")).to_have_attribute("href", older)


async def test_a_page_says_when_it_has_painted_an_entry_while_a_desk_is_open(node, open_page):
    async with node.editor() as editor, open_desk(editor, "demo") as desk:
        page = await open_page(node)
        await desk.until(lambda desk: desk.readers and desk.readers["total"] == 1)
        await asyncio.sleep(1.5)  # until a new reader is asked
        entry = await post(node, title="Painted")
        await expect(page.locator(f"#entry-{entry}")).to_be_visible()
        shown = await desk.until(lambda desk: (desk.delivery.get(entry) or {}).get("p95_ms") and desk.delivery[entry])
        assert (shown["readers"], shown["received"]) == (1, 1)
