"""An editor's five minutes, by keyboard alone.

`STOPPRESS_PICTURES=FOLDER` keeps a picture of every step. `STOPPRESS_DESK_ENTRIES` is the number of entries whose way
from Ctrl+Enter to a reader's screen is measured.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.conftest import StartNode
from tests.support.browser import OpenPage
from tests.support.desk_page import open_blog, sign_in_by_keyboard, take_picture, until_ready
from tests.support.images import photo
from tests.support.node import RunningNode
from tests.support.people import make_person, sign_in
from tests.support.processes import Slowdown

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

ENTRIES = int(os.environ.get("STOPPRESS_DESK_ENTRIES", "8"))

LIMIT_MS = 300

PAINTED = """() => {
  window.painted = {};
  new MutationObserver(() => {
    for (const heading of document.querySelectorAll("article h2")) {
      const text = heading.textContent;
      if (!(text in painted)) {
        painted[text] = 0;
        requestAnimationFrame(() => setTimeout(() => (painted[text] = Date.now())));
      }
    }
  }).observe(document.querySelector("[data-part=entries]"), {childList: true, subtree: true});
}"""
"""Note when each title was on the screen of a reader."""

PRESSED = """() => document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) window.pressedAt = Date.now();
}, {capture: true})"""


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_MAX_GUESSES="0", STOPPRESS_MAX_WRITES="0")
    await make_person(node, "ada", "admin", display_name="Ada Berg")
    await make_person(node, "boris", display_name="Boris Weiß")
    await make_person(node, "cem", "contributor", display_name="Cem Kaya")
    return node


def row(page: Page, title: str) -> Locator:
    return page.locator("li.row", has=page.get_by_role("heading", name=title, exact=True))


async def write(page: Page, title: str, text: str) -> None:
    """Write an entry: the shortcut leads to the text, and Shift+Tab from there to the title."""
    await page.keyboard.press("n")
    await expect(page.get_by_label("Text", exact=True)).to_be_focused()
    await page.keyboard.type(text)
    while not await page.evaluate("document.activeElement.name === 'title'"):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.type(title)


async def leave(page: Page) -> None:
    """Leave the form, so that single keys are shortcuts again."""
    while await page.evaluate("document.activeElement.closest('form') !== null"):
        await page.keyboard.press("Escape")


async def publish(page: Page, title: str, text: str) -> None:
    await write(page, title, text)
    await page.keyboard.press("Control+Enter")
    await expect(row(page, title)).to_be_visible()
    await leave(page)


async def go_to(page: Page, title: str) -> None:
    """Move through the timeline, from its top, to an entry."""
    for _ in range(30):
        await page.keyboard.press("k")
    target = row(page, title).locator("article")
    for _ in range(30):
        if await target.evaluate("(article) => article === document.activeElement"):
            return
        await page.keyboard.press("j")
    raise AssertionError(f"no way leads to {title}")


async def add_image(page: Page) -> None:
    """Choose an image in the form, in which the focus is."""
    while not await page.evaluate("document.activeElement.type === 'file'"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    files = page.locator("[data-part=files] li")
    await expect(files).to_have_count(1)
    await expect(files.locator("progress")).to_have_count(0)


def answer_the_chooser(page: Page) -> None:
    """Choose an image in the browser's dialog. It takes a moment until it asks the test and not a person."""
    picture: FilePayload = {"name": "bridge.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    page.on("filechooser", lambda chooser: chooser.set_files(picture))


async def make_the_blog(page: Page) -> None:
    await page.keyboard.press("n")
    await expect(page.get_by_label("Headline")).to_be_focused()
    await page.keyboard.type("Élection: the night")
    await take_picture(page, "02-new-blog")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/blogs/election-the-night")
    await until_ready(page)


async def test_an_editors_five_minutes(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    page = await open_page(node, "/desk", viewport={"width": 1280, "height": 800})
    answer_the_chooser(page)
    await sign_in_by_keyboard(page, node, "ada")
    node.blogs.add("election-the-night")
    await take_picture(page, "01-signed-in")
    await make_the_blog(page)
    await take_picture(page, "03-empty")
    for number, text in enumerate(("Polls *close*.", "See the [count](https://example.org/).", "Turnout is high.")):
        await publish(page, f"Entry {number}", text)
    await write(page, "The bridge", "It is *open*.")
    await add_image(page)
    await page.keyboard.press("Control+Enter")
    await expect(row(page, "The bridge").locator("img")).to_be_visible()
    await leave(page)
    await take_picture(page, "04-published")
    await correct_retract_and_pin(page)
    await schedule(page)
    await approve(page, node)
    await resolve(page, node)
    await take_picture(page, "12-at-the-end")
    complaints[:] = [one for one in complaints if " 401 " not in one and " 412 " not in one]


async def confirm(page: Page) -> None:
    """Send what a dialog asks for, and wait until it has closed: until then, keys belong to it."""
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def correct_retract_and_pin(page: Page) -> None:
    await go_to(page, "Entry 0")
    await page.keyboard.press("c")
    await page.keyboard.press("Tab")
    await page.keyboard.type("They close at nine.")
    await take_picture(page, "05-correct")
    await confirm(page)
    await expect(row(page, "Entry 0").get_by_text("They close at nine.")).to_be_visible()
    await go_to(page, "Entry 1")
    await page.keyboard.press("p")
    await expect(row(page, "Entry 1").locator(".badge.pin")).to_be_visible()
    await go_to(page, "Entry 2")
    await page.keyboard.press("r")
    await page.keyboard.type("It was wrong.")
    await take_picture(page, "06-retract")
    await confirm(page)
    await expect(page.locator(".row .retracted")).to_contain_text("It was wrong.")
    await expect(page.get_by_text("Turnout is high.")).to_have_count(0)


async def schedule(page: Page) -> None:
    await write(page, "Results", "Soon.")
    await page.keyboard.press("Control+s")
    await expect(row(page, "Results")).to_be_visible()
    await leave(page)
    await go_to(page, "Results")
    await page.keyboard.press("s")
    await take_picture(page, "07-schedule")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(row(page, "Results")).to_have_attribute("data-group", "scheduled")
    await expect(row(page, "Results").locator(".state")).to_contain_text("Publishes at")
    await take_picture(page, "08-scheduled")


async def approve(page: Page, node: RunningNode) -> None:
    async with await sign_in(node, "cem") as cem:
        entry = {"title": "From the street", "markdown": "It rains.", "status": "draft", "submitted": True}
        answer = await cem.post("/api/blogs/election-the-night/entries", json=entry)
        assert answer.status_code == 201, answer.text
    await expect(row(page, "From the street")).to_have_attribute("data-group", "submitted")
    await take_picture(page, "09-submitted")
    await page.keyboard.press("a")  # leads there
    await expect(row(page, "From the street").locator("article")).to_be_focused()
    await page.keyboard.press("a")
    await expect(row(page, "From the street")).to_have_attribute("data-group", "published")


async def resolve(page: Page, node: RunningNode) -> None:
    """Both edit one entry; the second one to save decides."""
    await go_to(page, "From the street")
    await page.keyboard.press("e")
    await expect(page.get_by_label("Text", exact=True)).to_have_value("It rains.")
    async with await sign_in(node, "boris") as boris:
        entries = (await boris.get("/api/blogs/election-the-night/entries")).json()["entries"]
        [entry] = [one for one in entries if one.get("title") == "From the street"]
        path = f"/api/blogs/election-the-night/entries/{entry['id']}"
        assert (await boris.patch(path, json={"markdown": "It rains in the north."})).status_code == 200
    await expect(row(page, "From the street").get_by_text("It rains in the north.")).to_be_visible()
    while not await page.evaluate("document.activeElement.name === 'markdown'"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" A lot.")
    await page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("A colleague has changed this entry")
    await expect(dialog.locator(".side").first).to_have_text("It rains. A lot.")
    await take_picture(page, "10-conflict")
    written = await page.get_by_label("Text", exact=True).input_value()
    await page.keyboard.press("m")
    await expect(dialog).to_have_count(0)
    await expect(row(page, "From the street").get_by_text("It rains. A lot.")).to_be_visible()
    assert await page.get_by_label("Text", exact=True).input_value() == written, "a shortcut was typed into the form"
    await take_picture(page, "11-resolved")


async def test_an_entry_is_on_a_readers_screen_soon_after_the_key(
    node: RunningNode, browser: Browser, open_page: OpenPage, complaints: list[str], figure: Any
):
    await node.make_blog()
    reader = await (await browser.new_context()).new_page()
    await reader.goto(f"{node.url}/blogs/demo")
    await expect(reader.locator(".status")).to_have_text("Live")
    await reader.evaluate(PAINTED)
    page = await open_page(node, "/desk/blogs/demo")
    await open_blog(page, node, "ada")
    await page.evaluate(PRESSED)
    slowdown, times = Slowdown(), []
    for number in range(ENTRIES):
        title = f"Number {number}"
        await write(page, title, "News.")
        slowdown.sample()
        await page.keyboard.press("Control+Enter")
        await reader.wait_for_function("(title) => window.painted[title]", arg=title)
        pressed = await page.evaluate("window.pressedAt")
        times.append(await reader.evaluate("(title) => window.painted[title]", title) - pressed)
        await leave(page)
    times.sort()
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    figure(f"desk: Ctrl+Enter to painted at a reader, {ENTRIES} times: half {times[len(times) // 2]} ms, p95 {p95} ms")
    assert p95 <= LIMIT_MS * slowdown.factor
    complaints[:] = [one for one in complaints if " 401 " not in one]
