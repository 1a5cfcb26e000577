"""The form of the desk in a real browser: what is typed, sent, given back and taken over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.conftest import Eventually, StartNode
from tests.support.browser import Complaints
from tests.support.node import RunningNode
from tests.support.people import make_person
from tests.support.writing import BODY, open_form, paste, sign_in_page, site

pytestmark = pytest.mark.browser


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node()
    await node.make_blog("demo", timezone="Europe/Skopje")
    await make_person(node, "ann", display_name="Ann")
    return node


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    yield context
    await context.close()


async def entries(node: RunningNode) -> list[dict[str, Any]]:
    async with node.editor() as editor:
        answer = await editor.get("/api/blogs/demo/entries")
        return list(answer.raise_for_status().json()["entries"])


async def test_an_entry_is_written_with_commands_and_pasted_links(
    node: RunningNode, context: BrowserContext, eventually: Eventually, complaints: Complaints
):
    page = await open_form(context, node, "ann")
    complaints.watch(page, site(node))
    await page.keyboard.type("/quo")
    await page.locator(".menu [role=option]").first.wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.type("No comment")
    await page.keyboard.press("Control+End")
    await page.keyboard.type("/key")
    await page.locator(".menu [role=option]").first.wait_for()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Key event")).to_be_checked()
    await paste(page, "the minutes", '<style>p{}</style><p><a href="https://example.org/minutes">the minutes</a></p>')
    await page.keyboard.press("Enter")
    await paste(page, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42")
    await expect(page.get_by_label("Title").nth(1)).to_have_value("Video on YouTube")
    preview = page.locator("[data-part=preview-article]")
    await expect(preview.locator("blockquote")).to_contain_text("No comment")
    await expect(preview.locator("[data-frame]")).to_contain_text("Video on YouTube")
    await page.focus(BODY)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(BODY)).to_have_value("")
    [entry] = await eventually(lambda: entries(node))
    assert entry["markdown"].startswith("> No comment\n>\n> — **Name**, role\n")
    assert "[the minutes](https://example.org/minutes)" in entry["markdown"]
    assert entry["key"] and entry["authors"] == [{"name": "Ann"}]
    assert [(media["type"], media["caption"]) for media in entry["media"]] == [("embed", "Video on YouTube")]
    assert complaints == []


async def test_a_draft_is_saved_once_and_then_published(
    node: RunningNode, context: BrowserContext, eventually: Eventually
):
    page = await open_form(context, node, "ann")
    await page.keyboard.type("First")
    await page.keyboard.press("Control+S")
    await page.keyboard.type(" and second")  # while the draft is being saved
    await page.keyboard.press("Control+S")
    await expect(page.locator("#write-status")).to_contain_text("Draft saved.")
    await page.keyboard.type(", published")
    await page.keyboard.press("Control+Enter")

    async def published() -> bool:
        found = [(entry["status"], entry["markdown"]) for entry in await entries(node)]
        return found == [("published", "First and second, published")]

    await eventually(published)


async def test_words_come_back_with_the_error_and_after_a_reload(node: RunningNode, context: BrowserContext):
    page = await open_form(context, node, "ann")
    await page.keyboard.type("Too long a title")
    await page.evaluate("document.querySelector('#write-title').removeAttribute('maxlength')")
    await page.fill("#write-title", "x" * 501)
    await page.focus(BODY)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#write-status")).to_contain_text("title")
    await expect(page.locator(BODY)).to_have_value("Too long a title")
    await expect(page.locator("#write-title")).to_have_attribute("aria-invalid", "true")
    await page.reload()
    await expect(page.locator(BODY)).to_have_value("Too long a title")
    assert await entries(node) == []


async def test_a_newer_tab_takes_the_draft_over(node: RunningNode, context: BrowserContext, eventually: Eventually):
    old = await open_form(context, node, "ann")
    await old.keyboard.type("From the old tab")
    await old.wait_for_timeout(300)  # longer than words are only in the page
    new = await open_form(context, node)
    await expect(new.locator(BODY)).to_have_value("From the old tab")
    await expect(old.locator("[data-part=taken]")).to_be_visible()
    await old.focus(BODY)
    await old.keyboard.press("Control+Enter")
    await new.keyboard.press("Control+Enter")
    await eventually(lambda: entries(node))
    await old.click("[data-do=take-over]")
    await expect(old.locator(BODY)).to_have_value("")
    assert [entry["markdown"] for entry in await entries(node)] == ["From the old tab"]


async def test_somebody_who_is_signed_out_loses_nothing(
    node: RunningNode, context: BrowserContext, eventually: Eventually
):
    page = await open_form(context, node, "ann")
    await context.clear_cookies()
    await page.keyboard.type("Signed out")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("[data-part=outbox]")).to_contain_text("signed out")
    other = await context.new_page()
    await make_person(node, "bob", display_name="Bob")
    await sign_in_page(other, node, "bob")
    await other.goto(f"{site(node)}/desk/blogs/demo")
    await expect(other.locator(BODY)).to_have_value("")
    await expect(other.locator("[data-part=outbox]")).to_be_hidden()
    await page.bring_to_front()
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await expect(page.locator("[data-part=outbox]")).to_contain_text("Somebody else")
    assert await entries(node) == []
    await sign_in_page(other, node, "ann")
    await page.evaluate("dispatchEvent(new Event('focus'))")
    [entry] = await eventually(lambda: entries(node))
    assert (entry["markdown"], entry["authors"]) == ("Signed out", [{"name": "Ann"}])


async def test_a_publication_can_be_taken_back(empty_node: StartNode, browser: Browser, eventually: Eventually):
    node = await empty_node(STOPPRESS_UNDO_SECONDS="60")
    await node.make_blog("demo")
    await make_person(node, "ann", display_name="Ann")
    context = await browser.new_context()
    page = await open_form(context, node, "ann")
    await page.keyboard.type("Hasty")
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("button", name="Take back").click()
    await expect(page.locator("#write-status")).to_contain_text("Taken back")
    await expect(page.locator(BODY)).to_have_value("Hasty")
    [entry] = await entries(node)
    assert entry["status"] == "draft" and "publish_at" not in entry
    await page.check("[name=breaking]")
    await page.focus(BODY)
    await page.keyboard.press("Control+Enter")

    async def published() -> bool:
        return [entry["status"] for entry in await entries(node)] == ["published"]

    await eventually(published)
    await context.close()
