"""Everything that a reader can do, by keyboard alone, on the server's page and in the element on another site.

At each step something has the focus, and shows that it has it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.conftest import StartNode
from tests.support.browser import Embed, OpenPage
from tests.support.node import RunningNode
from tests.support.publishing import post, send

pytestmark = pytest.mark.browser

MOST = 120
"""Presses of Tab until something is out of reach."""

CALM = {"reduced_motion": "reduce"}

FOCUSED = """async () => {
  // An older page may come in, and the browser scrolls
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  window.numbers ??= new Map();
  if (!numbers.has(one)) numbers.set(one, numbers.size);
  const { outlineStyle, outlineWidth, clipPath } = getComputedStyle(one);
  const { top, bottom, left, right } = one.getBoundingClientRect();
  return {
    number: numbers.get(one),
    html: one.outerHTML.slice(0, 100),
    marked: outlineStyle !== "none" && (outlineStyle === "auto" || parseFloat(outlineWidth) >= 2),
    seen: clipPath === "none" && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth && bottom > top,
  };
}"""

HAS_FOCUS = "one => one.getRootNode().activeElement === one"


class Hands:
    """A reader without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def focus(self) -> dict[str, Any]:
        """What has the focus, which is something that is seen."""
        found = await self.page.evaluate(FOCUSED)
        assert found is not None, "nothing has the focus"
        if found["html"].startswith("<iframe") and not found["marked"]:  # then something in it is
            found["marked"] = await self.page.frames[-1].evaluate("document.querySelector(':focus-visible') !== null")
        assert found["marked"], f"the focus is not shown: {found['html']}"
        assert found["seen"], f"what has the focus is not in view: {found['html']}"
        return dict(found)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
        await self.focus()

    async def walk_to(self, target: Locator, key: str = "Tab") -> None:
        """By as many presses of a key as it takes; everything on the way shows its focus."""
        await expect(target).to_be_visible()
        for _ in range(MOST):
            await self.page.keyboard.press(key)
            if await self.page.evaluate(FOCUSED) is None and key == "Tab":
                continue  # from the end of the page to its beginning
            await self.focus()
            if await target.evaluate(HAS_FOCUS):
                return
        pytest.fail(f"{target} cannot be reached with {key}")


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="4")
    await node.make_blog(headline="A day in October")
    return node


@pytest.fixture
async def ids(node: RunningNode) -> list[str]:
    """Of entries, oldest first; the last but one is a key event and has an embed."""
    media = [{"type": "embed", "url": "https://vimeo.com/123456789", "caption": "The speech"}]
    rich = {"key": True, "media": media}
    return [
        await post(
            node,
            title=f"Number {n}",
            markdown="Some [link](https://example.org/) here." + "\n\nA line." * 3,
            published_at=f"2020-10-09T00:{n:02}:00Z",
            **(rich if n == 23 else {}),
        )
        for n in range(25)
    ]


@pytest.fixture(params=["page", "embed"])
async def hands(
    request: pytest.FixtureRequest, node: RunningNode, ids: list[str], open_page: OpenPage, embed: Embed
) -> Hands:
    # A smooth scroll would go on while the next key is pressed
    page = await (open_page(node, **CALM) if request.param == "page" else embed(**CALM))
    await expect(page.locator(f"#entry-{ids[24]}")).to_be_visible()
    return Hands(page)


def button(hands: Hands, name: str) -> Locator:
    return hands.page.get_by_role("button", name=name, exact=True)


async def test_the_skip_link_leads_to_the_updates(node, ids, open_page):
    hands = Hands(await open_page(node))
    await hands.press("Tab")
    await expect(hands.page.get_by_role("link", name="Skip to the updates")).to_be_focused()
    await hands.press("Enter")
    await expect(hands.page.locator("#entries")).to_be_focused()
    await hands.press("Tab")
    await expect(hands.page.locator(f"#entry-{ids[24]}")).to_be_focused()


async def test_the_filter_the_keys_of_a_feed_and_the_options(hands, ids):
    page, (oldest, before, rich, newest) = hands.page, (hands.page.locator(f"#entry-{ids[n]}") for n in range(21, 25))
    await hands.walk_to(button(hands, "Key events"))
    await hands.press("Space")
    await expect(page.locator(".entry:visible")).to_have_count(1)
    await expect(button(hands, "Key events")).to_have_attribute("aria-pressed", "true")
    await hands.walk_to(rich)
    await hands.walk_to(button(hands, "All"), "Shift+Tab")
    await hands.press("Enter")
    await expect(newest).to_be_visible()
    await expect(button(hands, "All")).to_be_focused()

    await hands.walk_to(newest)
    await hands.press("PageDown")
    await expect(rich).to_be_focused()
    await hands.press("Tab", "PageDown")  # also from inside of an entry
    await expect(before).to_be_focused()
    await hands.press("PageUp")
    await expect(rich).to_be_focused()
    await hands.press("Control+End")
    await expect(page.get_by_role("link", name="Older updates")).to_be_focused()
    await hands.walk_to(oldest, "Shift+Tab")
    await hands.press("Control+Home")
    summary, order = page.locator("summary"), page.get_by_label("Order")
    await expect(summary).to_be_focused()

    await hands.press("Enter")
    await hands.press("Tab")
    await expect(order).to_be_focused()
    await hands.press("ArrowDown")
    await expect(order).to_have_value("oldest")
    await expect(page.locator(".entry h2").first).to_have_text("Number 0")
    await hands.press("Tab")
    level = page.get_by_label("Screen reader announcements")
    await expect(level).to_be_focused()
    await hands.press("ArrowDown")
    await expect(level).to_have_value("key")
    await hands.walk_to(summary, "Shift+Tab")
    await hands.press("Space")
    await expect(order).to_be_hidden()


async def test_a_pause_and_new_updates_also_by_scrolling_up(node, hands):
    await hands.walk_to(button(hands, "Pause"))
    await hands.press("Enter")
    await post(node, title="New")
    await post(node, title="Newest")
    await hands.walk_to(button(hands, "2 new updates"))
    await hands.press("Enter")
    newest, summary = hands.page.locator(".entry").first, hands.page.locator("summary")
    await expect(newest.locator("h2")).to_have_text("Newest")
    await expect(newest).to_be_focused()
    await hands.walk_to(button(hands, "Resume"), "Shift+Tab")
    await post(node, title="One more")
    await expect(button(hands, "1 new update")).to_be_visible()
    await hands.press("Space")
    await expect(button(hands, "Pause")).to_be_focused()
    await expect(newest.locator("h2")).to_have_text("One more")

    await hands.walk_to(summary)
    await hands.page.keyboard.press("PageDown")
    await expect(summary).not_to_be_in_viewport()
    await hands.page.evaluate(FOCUSED)  # by the next frames, observers have seen it as well
    await post(node, title="The last")
    await hands.walk_to(button(hands, "1 new update"))
    await hands.page.keyboard.press("Home")
    await expect(newest.locator("h2")).to_have_text("The last")
    await expect(newest).to_be_focused()
    await hands.focus()


async def test_who_was_there_before_the_script_came_stays_there(node, ids, browser):
    page = await (await browser.new_context()).new_page()
    coming = asyncio.Event()

    async def wait(route: Route) -> None:
        await coming.wait()
        await route.continue_()

    await page.route(re.compile("/client/"), wait)
    await page.route(re.compile("[.]css"), Route.continue_)
    await page.goto(f"{node.url}/blogs/demo", wait_until="commit")
    older = page.get_by_role("link", name="Older updates")
    await older.focus()
    coming.set()
    await expect(page.locator(".tools")).to_be_visible()
    await expect(older).to_be_focused()


async def test_older_updates_to_the_last(hands, ids):
    older, entries = hands.page.get_by_role("link", name="Older updates"), hands.page.locator(".entry")
    await hands.walk_to(older)  # by scrolling, some have come in on the way
    while len(ids) > (count := await entries.count()):
        await hands.press("Enter")
        await expect(entries.nth(count)).to_be_focused()
        await hands.focus()
        if await older.count():
            await hands.press("Control+End")
            await expect(older).to_be_focused()
    await expect(older).to_have_count(0)


async def test_key_events_embeds_retractions_and_permalinks(node, hands, ids, complaints, embed):
    page, rich = hands.page, hands.page.locator(f"#entry-{ids[23]}")
    link = page.get_by_role("navigation", name="Key events").get_by_role("link")
    await hands.walk_to(link)
    await hands.press("Enter")
    await expect(rich).to_be_focused()
    await hands.focus()
    await hands.walk_to(link, "Shift+Tab")
    await send(node, "PATCH", f"/entries/{ids[23]}", {"key": False})
    await expect(page.locator(f"#entry-{ids[24]}")).to_be_focused()
    await hands.focus()

    await page.context.route(
        "https://player.vimeo.com/**",
        lambda route: route.fulfill(body="<!doctype html><button>Play</button>", content_type="text/html"),
    )
    await hands.walk_to(page.get_by_role("link", name="The speech"))
    await hands.press("Enter")
    frame = rich.locator("iframe")
    await expect(frame.content_frame.get_by_role("button")).to_be_visible()
    await expect(frame).to_be_focused()
    await hands.walk_to(page.locator(f"#entry-{ids[22]}"))
    await hands.walk_to(frame, "Shift+Tab")
    await hands.walk_to(page.locator(f"#time-{ids[23]}"), "Shift+Tab")

    await hands.walk_to(rich.locator(".body a"))
    await send(node, "DELETE", f"/entries/{ids[23]}", {})
    await expect(page.locator(f"#entry-{ids[23]}.retracted")).to_be_focused()
    await hands.focus()

    await hands.walk_to(page.locator(f"#time-{ids[22]}"))
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{node.url}/blogs/demo/entries/{ids[22]}#entry-{ids[22]}")
    await expect(page.locator(f"#entry-{ids[22]}")).to_be_focused()
    await hands.focus()
    complaints.clear()  # of the other site
    embed.complaints.clear()


async def test_the_feed_is_left_at_its_end_also_where_nothing_follows_in_the_element(node, embed):
    entry = await post(node, title="The only one")
    hands = Hands(await embed())
    await hands.walk_to(hands.page.locator(f"#entry-{entry}"))
    await hands.press("Control+End")
    await expect(hands.page.get_by_role("button", name="Imprint")).to_be_focused()


async def test_no_step_leads_back_before_the_end_of_the_page(hands):
    for key in ("Tab", "Shift+Tab"):
        steps: list[int] = []
        for _ in range(MOST):
            await hands.page.keyboard.press(key)
            if await hands.page.evaluate(FOCUSED) is None:
                break
            steps.append((await hands.focus())["number"])
            if len(steps) > 1 and steps[-1] == steps[0]:
                steps.pop()
                break
        else:
            pytest.fail(f"{key} does not leave the page")
        assert len(steps) == len(set(steps)) > 20
        await hands.page.evaluate("document.activeElement.blur()")
