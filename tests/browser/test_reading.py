"""What a reader can do with the page, and what the page does with the reader's place in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import StartNode
from tests.support.browser import Complaints, OpenPage
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser

SOON = 30_000
"""Milliseconds until what was posted is in an open page, at the latest: a machine may be busy."""

TALL = "\n\n".join(["A paragraph that takes some room on the screen."] * 8)


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="12")
    await node.make_blog(headline="A day in October")
    return node


async def fill(node: RunningNode, count: int = 12, **fields: Any) -> list[str]:
    """Tall entries, oldest first."""
    return [
        await post(
            node, title=f"Number {n}", markdown=TALL, published_at=f"2020-10-09T{n // 60:02}:{n % 60:02}:00Z", **fields
        )
        for n in range(count)
    ]


async def top(page: Page, entry: str) -> float:
    """Where an entry stands on the screen, in CSS pixels."""
    return float(await page.locator(f"#entry-{entry}").evaluate("one => one.getBoundingClientRect().top"))


async def scroll_to(page: Page, entry: str) -> None:
    await page.locator(f"#entry-{entry}").evaluate("one => scrollTo(0, scrollY + one.getBoundingClientRect().top - 90)")
    await page.wait_for_timeout(100)


async def titles(page: Page) -> list[str]:
    return await page.locator(".entry h2").all_inner_texts()


async def test_new_entries_wait_behind_a_button_while_others_are_read(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node)
    await scroll_to(page, ids[6])
    before = await top(page, ids[6])
    for number in (1, 2, 3):
        await post(node, title=f"New {number}")
    button = page.get_by_role("button", name="3 new updates")
    await expect(button).to_be_in_viewport(timeout=SOON)
    assert await titles(page) == [f"Number {n}" for n in range(11, -1, -1)]
    assert await top(page, ids[6]) == before
    await button.click()
    assert (await titles(page))[:3] == ["New 3", "New 2", "New 1"]
    await expect(page.locator(".entry").first).to_be_focused()
    await expect(page.locator(".entry").first).to_be_in_viewport()
    await expect(button).to_have_count(0)


async def test_what_waits_comes_in_when_the_reader_returns_to_the_top(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node)
    await scroll_to(page, ids[4])
    await post(node, title="New")
    await expect(page.get_by_role("button", name="1 new update")).to_be_visible(timeout=SOON)
    await page.evaluate("scrollTo(0, 0)")
    await expect(page.locator(".entry h2").first).to_have_text("New", timeout=SOON)
    await expect(page.get_by_role("button", name="1 new update")).to_have_count(0)


async def test_edits_and_retractions_apply_at_once_and_move_nothing(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node)
    await scroll_to(page, ids[6])
    before = await top(page, ids[6])
    await edit(node, ids[9], markdown=TALL + "\n\n" + TALL, correction="It was twice as long.")
    await send(node, "DELETE", f"/entries/{ids[8]}", {"note": "Wrong."})
    await edit(node, ids[10], pinned=True)
    await post(node, title="Between", markdown=TALL, published_at="2020-10-09T00:07:30Z")
    await expect(page.locator(f"#entry-{ids[8]} .note")).to_contain_text("Wrong.", timeout=SOON)
    await expect(page.locator("h2", has_text="Between")).to_have_count(1, timeout=SOON)
    await expect(page.locator("aside.pinned")).to_have_count(1)
    assert abs(await top(page, ids[6]) - before) < 1


async def test_the_place_is_kept_over_many_changes_of_odd_heights(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node, device_scale_factor=1.5, bypass_csp=True)
    await page.add_style_tag(content=".body { line-height: 1.137 !important }")
    await scroll_to(page, ids[4])
    before = await top(page, ids[4])
    for number in range(12):
        await edit(node, ids[8], markdown=TALL + "\n\nOne more." * number)
    await expect(page.locator(f"#entry-{ids[8]}")).to_have_attribute("data-version", "13", timeout=SOON)
    assert abs(await top(page, ids[4]) - before) < 1


async def test_an_edit_and_a_retraction_reach_what_waits(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node)
    await scroll_to(page, ids[4])
    first, second = await post(node, title="First"), await post(node, title="Second, wrong")
    await expect(page.get_by_role("button", name="2 new updates")).to_be_visible(timeout=SOON)
    await edit(node, first, title="First, edited")
    await send(node, "DELETE", f"/entries/{second}", {})
    button = page.get_by_role("button", name="1 new update", exact=True)
    await expect(button).to_be_visible(timeout=SOON)
    await button.click()
    assert (await titles(page))[0] == "First, edited"
    await expect(page.locator(f"#entry-{second}.retracted")).to_have_count(1)
    assert "Second, wrong" not in await page.content()


async def test_a_reader_can_pause_and_go_on(node: RunningNode, open_page: OpenPage) -> None:
    page = await open_page(node)
    await page.get_by_role("button", name="Pause").click()
    entry = await post(node, title="New")
    await expect(page.get_by_role("button", name="1 new update")).to_be_visible(timeout=SOON)
    await expect(page.locator(f"#entry-{entry}")).to_have_count(0)
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator(f"#entry-{entry}")).to_be_visible()
    await post(node, title="Newer")
    await expect(page.locator(".entry h2").first).to_have_text("Newer", timeout=SOON)


async def test_key_events_are_a_summary_and_a_filter(node: RunningNode, open_page: OpenPage) -> None:
    old = await post(node, title="Old key", key=True, published_at="2020-10-08T00:00:00Z")
    ids = await fill(node)
    page = await open_page(node)
    summary = page.get_by_role("navigation", name="Key events").get_by_role("link")
    await expect(summary).to_have_count(1)
    await expect(summary).to_have_attribute("href", f"/blogs/demo/entries/{old}#entry-{old}")
    await page.get_by_role("button", name="Key events").click()
    await expect(page.locator(".entry:visible h2")).to_have_text(["Old key"])
    key = await post(node, title="A key event", key=True)
    await post(node, title="Another update")
    await edit(node, ids[11], key=True)
    await expect(summary).to_contain_text(["A key event", "Number 11", "Old key"], timeout=SOON)
    await expect(page.locator(".entry:visible")).to_have_count(3)
    await page.get_by_role("button", name="All", exact=True).click()
    await summary.get_by_text("Number 11").click()
    await expect(page.locator(f"#entry-{ids[11]}")).to_be_in_viewport()
    await edit(node, key, key=False)
    await send(node, "DELETE", f"/entries/{old}", {})
    await expect(summary).to_have_count(1, timeout=SOON)
    assert "Old key" not in await page.content()


async def test_a_key_event_that_waits_is_shown_by_its_link(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node)
    page = await open_page(node)
    await scroll_to(page, ids[8])
    key = await post(node, title="A key event", key=True)
    await page.get_by_role("navigation", name="Key events").get_by_role("link").dispatch_event("click", timeout=SOON)
    await expect(page.locator(f"#entry-{key}")).to_be_in_viewport()
    await expect(page).to_have_url(f"{node.url}/blogs/demo#entry-{key}")


async def test_older_entries_come_by_scrolling_and_by_the_button(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 70)
    page = await open_page(node)
    await expect(page.locator(".entry")).to_have_count(12)
    for expected in (24, 36, 48):
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await expect(page.locator(".entry")).to_have_count(expected)
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await page.wait_for_timeout(300)
    await expect(page.locator(".entry")).to_have_count(48)  # the end of the page can be reached
    await page.get_by_role("link", name="Older updates").click()
    await expect(page.locator(".entry")).to_have_count(60)
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(page.locator(".entry")).to_have_count(70)
    await expect(page.get_by_role("link", name="Older updates")).to_have_count(0)
    await edit(node, ids[0], title="The very first")
    await expect(page.locator(".entry h2").last).to_have_text("The very first", timeout=SOON)
    assert len(set(await titles(page))) == 70


async def test_a_link_to_an_older_entry_leads_to_its_page(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 20)
    page = await open_page(node, f"/blogs/demo#entry-{ids[2]}")
    await expect(page).to_have_url(f"{node.url}/blogs/demo/entries/{ids[2]}#entry-{ids[2]}")
    await expect(page.locator(f"#entry-{ids[2]}")).to_be_in_viewport()


async def test_embeds_load_nothing_before_they_are_clicked(
    node: RunningNode, open_page: OpenPage, complaints: list[str]
) -> None:
    before = {"type": "embed", "url": "https://www.youtube.com/watch?v=abcdefghijk", "caption": "The speech"}
    await post(node, title="Rendered", media=[before])
    page = await open_page(node)
    await page.route(re.compile("^https:"), lambda route: route.fulfill(body="<p>third party</p>"))
    entry = await post(node, title="Live", media=[{"type": "embed", "url": "https://vimeo.com/123456789"}])
    await expect(page.locator(f"#entry-{entry}")).to_contain_text("Shows content from Vimeo", timeout=SOON)
    await expect(page.get_by_text("sets no cookies")).to_be_visible()
    assert complaints == []
    await page.get_by_role("link", name="The speech").click()
    frame = page.locator("figure iframe")
    await expect(frame).to_have_attribute("src", "https://www.youtube-nocookie.com/embed/abcdefghijk?autoplay=1")
    await expect(frame.content_frame.get_by_text("third party")).to_be_visible()
    loads = len(complaints)
    rendered = str(await page.locator(".entry").last.get_attribute("id")).removeprefix("entry-")
    await edit(node, rendered, title="Edited")
    await expect(page.locator(f"#entry-{rendered} h2")).to_have_text("Edited", timeout=SOON)
    await expect(frame).to_have_count(1)  # it goes on playing
    assert len(complaints) == loads == 1
    complaints.clear()


async def test_one_quiet_voice_says_what_the_reader_wants_to_hear(node: RunningNode, open_page: OpenPage) -> None:
    page = await open_page(node)
    voice = page.get_by_role("status")
    await expect(voice).to_have_count(1)
    await post(node, title="First")
    await expect(voice).to_have_text("First")
    await post(node, title="Second")
    await post(node, title="Third")
    await expect(voice).to_have_text("2 new updates")
    await page.get_by_text("Options").click()
    await page.get_by_label("Screen reader announcements").select_option("key")
    entry = await post(node, title="Not said")
    await post(node, title="Said", breaking=True)
    await expect(voice).to_have_text("Said")
    await send(node, "DELETE", f"/entries/{entry}", {})
    await expect(voice).to_contain_text("Retracted")


async def test_the_list_has_the_keyboard_of_a_feed(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 26)
    page = await open_page(node)
    articles = page.get_by_role("feed", name="Updates").get_by_role("article")
    await expect(articles.first).to_have_attribute("aria-posinset", "1")
    await expect(articles.first).to_have_attribute("aria-setsize", "-1")
    await articles.first.focus()
    await page.keyboard.press("PageDown")
    await expect(page.locator(f"#entry-{ids[24]}")).to_be_focused()
    await page.keyboard.press("PageUp")
    await expect(page.locator(f"#entry-{ids[25]}")).to_be_focused()
    await page.keyboard.press("Control+End")
    await expect(page.get_by_role("link", name="Older updates")).to_be_focused()
    await articles.first.focus()
    await page.keyboard.press("Control+Home")
    await expect(page.locator("summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Order")).to_be_visible()


async def test_focus_and_selection_survive_an_edit(node: RunningNode, open_page: OpenPage) -> None:
    entry = await post(node, title="Title", markdown="Some [link](https://example.org/) here")
    page = await open_page(node)
    link = page.locator(f"#entry-{entry} .body a")
    await link.focus()
    await edit(node, entry, title="Another title")
    await expect(page.locator(f"#entry-{entry} h2")).to_have_text("Another title", timeout=SOON)
    await expect(link).to_be_focused()


async def test_the_page_speaks_the_language_of_the_blog(node: RunningNode, open_page: OpenPage) -> None:
    await send(node, "PATCH", "", {"language": "de"})
    entry = await post(node, title="Eins", key=True)
    page = await open_page(node, java_script_enabled=False)
    await expect(page.locator(f"#entry-{entry} .badge")).to_have_text("Wichtig")
    page = await open_page(node)
    await page.get_by_role("button", name="Anhalten").click()
    await post(node, title="Zwei")
    await page.get_by_role("button", name="1 neue Meldung").click(timeout=SOON)
    assert await titles(page) == ["Zwei", "Eins"]


async def test_the_page_keeps_its_direction_in_a_browser_that_knows_none(
    node: RunningNode, browser: Browser, complaints: Complaints
) -> None:
    await send(node, "PATCH", "", {"language": "ar"})
    page = await (await browser.new_context()).new_page()
    complaints.watch(page, node.url)
    await page.add_init_script("delete Intl.Locale.prototype.getTextInfo")
    await page.goto(f"{node.url}/blogs/demo")
    for language, direction in (("ar", "rtl"), ("de", "ltr"), ("az-Arab", "rtl"), ("az", "ltr")):
        await send(node, "PATCH", "", {"language": language, "headline": f"In {language}"})
        await expect(page.locator("h1")).to_have_text(f"In {language}", timeout=SOON)
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await expect(page.locator("html")).to_have_attribute("dir", direction)
    assert complaints == []
