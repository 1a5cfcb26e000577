"""The desk for everybody: axe in each state, light and dark; every action by keyboard; the tree of a screen reader."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.conftest import StartNode
from tests.support.axe import violations
from tests.support.browser import OpenPage
from tests.support.desk_page import open_blog, sign_in_by_keyboard, take_picture
from tests.support.node import RunningNode
from tests.support.people import make_person, sign_in
from tests.support.publishing import edit, post, send

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

CONTEXT: dict[str, Any] = {"bypass_csp": True, "reduced_motion": "reduce", "viewport": {"width": 1280, "height": 800}}
"""axe is a script of the test, which the pages' policy forbids."""


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_MAX_GUESSES="0", STOPPRESS_MAX_WRITES="0", STOPPRESS_UNDO_SECONDS="60")
    await node.make_blog(headline="A day in October", language="en", timezone="Europe/Skopje")
    await make_person(node, "ada", "admin")
    await make_person(node, "cem", "contributor")
    return node


async def fill(node: RunningNode) -> str:
    """Make an entry of each kind. Return the id of one that is published."""
    first = await post(node, title="Published", markdown="Some *news*.", source={"name": "Reuters"}, tags=["talks"])
    await edit(node, first, markdown="Some *other* news.")
    media = [{"type": "image", "url": f"{node.url}/static/icon.svg", "alt": "A bridge", "caption": "The bridge"}]
    rich = await post(node, title="Rich", markdown="Text", key=True, breaking=True, media=media)
    await edit(node, rich, correction="It was Tuesday.", pinned=True)
    await send(node, "DELETE", f"/entries/{await post(node, title='Wrong')}", {"note": "We were wrong."})
    for minutes in (0.9, 90):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        await post(node, title=f"In {minutes}", status="scheduled", publish_at=at.isoformat())
    await post(node, title="A draft", status="draft")
    async with await sign_in(node, "cem") as cem:
        for submitted in (True, False):
            entry = {"title": "By Cem", "status": "draft", "submitted": submitted}
            assert (await cem.post("/api/blogs/demo/entries", json=entry)).status_code == 201
    return first


async def pressed(page: Page, *keys: str) -> None:
    """Go to a published entry, and press keys."""
    await page.locator("[data-group=published] .row article", has_text="Published").focus()
    for key in keys:
        await page.keyboard.press(key)
    await expect(page.get_by_role("dialog")).to_be_visible()


async def on_submitted(page: Page, key: str) -> None:
    await page.locator("[data-group=submitted] .row article").focus()
    await page.keyboard.press(key)
    await expect(page.get_by_role("dialog")).to_be_visible()


async def searched(page: Page) -> None:
    await page.keyboard.press("/")
    await page.keyboard.type("news")
    await expect(page.locator("#results .hit").first).to_be_visible()


async def wrong_password(page: Page) -> None:
    await page.get_by_label("Password").fill("wrong wrong wrong")
    await page.get_by_label("Name").fill("ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("wrong")


async def offline(page: Page) -> None:
    await page.context.set_offline(True)
    await expect(page.locator("#banner")).to_contain_text("No connection")


async def menu_open(page: Page) -> None:
    await page.locator(".bar details:not([hidden]) summary").last.press("Enter")


async def new_blog(page: Page) -> None:
    await page.keyboard.press("n")
    await expect(page.get_by_label("Headline")).to_be_visible()


async def editing(page: Page) -> None:
    await page.locator("[data-group=published] .row article", has_text="Published").focus()
    await page.keyboard.press("e")
    await expect(page.get_by_label("Text", exact=True)).to_have_value("Some *other* news.")


async def conflict(page: Page) -> None:
    await editing(page)
    await page.evaluate(
        """async () => {
          const session = await (await fetch("/api/session")).json();
          const { entries } = await (await fetch("/api/blogs/demo/entries")).json();
          const { id } = entries.find(({ title }) => title === "Published");
          await fetch(`/api/blogs/demo/entries/${id}`, { method: "PATCH", body: '{"markdown": "Theirs."}',
            headers: { "Content-Type": "application/json", "Stoppress-CSRF": session.csrf_token } });
        }"""
    )
    await expect(page.locator(".row", has_text="Theirs.")).to_be_visible()
    await page.get_by_label("Text", exact=True).focus()
    await page.keyboard.type("Mine.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("A colleague has changed")


async def selected(page: Page) -> None:
    await page.locator("[data-group=published] .row article", has_text="Published").focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#selection")).to_contain_text("1 entry selected")


async def nothing(_page: Page) -> None:
    pass


State = tuple[str, str, Callable[[Page], Awaitable[None]]]

STATES: dict[str, State] = {
    "sign-in": ("", "/desk/sign-in", nothing),
    "wrong-password": ("", "/desk/sign-in", wrong_password),
    "blogs": ("ada", "/desk", nothing),
    "nothing-found": ("ada", "/desk?q=nothing", nothing),
    "new-blog": ("ada", "/desk", new_blog),
    "settings": ("ada", "/desk/blogs/demo/settings", nothing),
    "not-found": ("ada", "/desk/blogs/nowhere", nothing),
    "no-access": ("cem", "/desk/blogs/demo/settings", nothing),
    "empty": ("ada", "/desk/blogs/empty", nothing),
    "blog": ("ada", "/desk/blogs/demo", nothing),
    "contributor": ("cem", "/desk/blogs/demo", nothing),
    "search": ("ada", "/desk/blogs/demo", searched),
    "menu": ("ada", "/desk/blogs/demo", menu_open),
    "shortcuts": ("ada", "/desk/blogs/demo", lambda page: pressed(page, "?")),
    "correct": ("ada", "/desk/blogs/demo", lambda page: pressed(page, "c")),
    "retract": ("ada", "/desk/blogs/demo", lambda page: pressed(page, "r")),
    "expire": ("ada", "/desk/blogs/demo", lambda page: pressed(page, "x")),
    "versions": ("ada", "/desk/blogs/demo", lambda page: pressed(page, "v")),
    "send-back": ("ada", "/desk/blogs/demo", lambda page: on_submitted(page, "b")),
    "schedule": ("ada", "/desk/blogs/demo", lambda page: on_submitted(page, "s")),
    "editing": ("ada", "/desk/blogs/demo", editing),
    "conflict": ("ada", "/desk/blogs/demo", conflict),
    "selected": ("ada", "/desk/blogs/demo", selected),
    "offline": ("ada", "/desk/blogs/demo", offline),
}
"""What is looked at: who has signed in, where, and what was done there."""


async def test_axe_finds_nothing_in_any_state(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    await fill(node)
    await node.make_blog("empty", headline="Empty")
    page = await open_page(node, "/desk/sign-in", **CONTEXT)
    found: dict[str, list[str]] = {}
    signed_in = ""
    for name, (who, path, reach) in STATES.items():
        await page.goto("about:blank")  # so that no warning about unsaved words asks
        if who != signed_in:
            await page.context.clear_cookies()
            if who:
                await sign_in_by_keyboard(page, node, who)
            signed_in = who
        await page.goto(node.url + path)
        if path.startswith("/desk/blogs/") and await page.locator("[data-page=blog]").count():
            await expect(page.locator("[data-part=write]")).to_have_attribute("data-ready", "")
            await expect(page.locator("#entries")).not_to_have_attribute("aria-busy", "true")
        await reach(page)
        if wrong := await violations(page):
            found[name] = wrong
        await take_picture(page, f"state-{name}")
        await narrow(page, name, found)
        await page.context.set_offline(False)
    assert found == {}
    complaints.clear()  # refusals, and what cannot be reached offline


async def narrow(page: Page, name: str, found: dict[str, list[str]]) -> None:
    """On a phone, nothing is wider than the screen."""
    await page.set_viewport_size({"width": 360, "height": 740})
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found[f"{name}, narrow"] = ["it scrolls sideways"]
    await take_picture(page, f"state-{name}-narrow")
    await page.set_viewport_size({"width": 1280, "height": 800})


WANTED = """() => [...document.querySelectorAll(
    "main button, .bar button, main input, main textarea, main a[href], summary",
  )].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".row article")).map(keyOf)"""
"""Everything that the mouse can use around the entries."""

KEY_OF = """() => {
  window.keyOf = (one) =>
    [one.closest(".row")?.dataset.id, one.dataset.do ?? one.name ?? one.textContent.trim()].join(" ");
}"""


async def test_every_action_can_be_reached_by_keyboard(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    await fill(node)
    page = await open_page(node, "/desk/blogs/demo", **CONTEXT)
    await open_blog(page, node, "ada")
    await page.evaluate(KEY_OF)
    wanted, reached = set(await page.evaluate(WANTED)), set()
    await page.locator("body").press("Tab")
    for _ in range(70):
        reached.add(await page.evaluate("keyOf(document.activeElement)"))
        await page.keyboard.press("Tab")
    await page.locator(".row article").first.evaluate("(article) => article.focus()")
    for _ in range(await page.locator(".row").count()):
        article = await page.evaluate_handle("document.activeElement")
        for _ in range(14):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate("keyOf(document.activeElement)"))
        await article.evaluate("(article) => article.focus()")
        await page.keyboard.press("j")
    assert wanted - reached == set()
    complaints.clear()


TREE = """
- banner:
  - navigation "Desk":
    - link "Stoppress desk"
- main:
  - heading "Desk of A day in October" [level=1]
  - heading "Write" [level=2]
  - textbox "Title"
  - textbox "Text"
  - button "Publish"
  - region "Timeline":
    - heading "Timeline" [level=2]
    - search:
      - searchbox "Search entries"
    - heading "About to be published (1)" [level=3]
    - list "About to be published (1)":
      - listitem
    - heading "Submitted (1)" [level=3]
    - list "Submitted (1)":
      - listitem:
        - article "By Cem":
          - heading "By Cem" [level=2]
        - paragraph: Submitted by cem
        - group "Actions for By Cem":
          - button "Approve"
          - button "Edit"
          - button "Send back"
    - heading "Scheduled (1)" [level=3]
    - list "Scheduled (1)"
    - heading "Drafts (2)" [level=3]
    - list "Drafts (2)"
    - heading "Published" [level=3]
    - list "Published":
      - listitem
"""
"""What a screen reader finds, at the least, in this order."""


async def test_a_screen_readers_tree_makes_sense(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    await fill(node)
    page = await open_page(node, "/desk/blogs/demo", **CONTEXT)
    await open_blog(page, node, "ada")
    await expect(page.locator(".row")).to_have_count(8)
    tree = await page.locator("body").aria_snapshot()
    position = 0
    for line in TREE.strip().splitlines():
        words = re.escape(line.strip().rstrip(":"))
        found = re.compile(f"^ *{words}", re.MULTILINE).search(tree, position)
        assert found, f"{line.strip()!r} is not there, or not in this order, in\n{tree}"
        position = found.start()
    complaints.clear()


async def test_changes_are_announced(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    page = await open_page(node, "/desk/blogs/demo", **CONTEXT)
    await open_blog(page, node, "ada")
    async with await sign_in(node, "cem") as cem:
        await cem.post("/api/blogs/demo/entries", json={"title": "Rain", "status": "draft", "submitted": True})
    await expect(page.locator("#announcer")).to_have_text("Submitted: Rain")
    await post(node, title="Sun")
    await expect(page.locator("#announcer")).to_have_text("Published: Sun")
    complaints.clear()
