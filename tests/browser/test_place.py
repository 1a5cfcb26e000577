"""The reader's place: what is read stays where it is, whatever comes and whenever."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.conftest import StartNode
from tests.support.browser import Complaints, Embed, OpenPage
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send
from tests.support.tries import tries

pytestmark = pytest.mark.browser

Figure = Callable[[str], None]

TRIES = tries(6)
"""Number of tries of each kind, at random places."""

MOST_PIXELS = 1
"""An entry that is read may move by this much."""

SCROLL_PADDING = 16
"""Where an entry ends on the screen that a link leads to."""

TALL = "\n\n".join(["A paragraph that takes some room on the screen."] * 5)

NEWEST = 12

PICTURES = """async ([count, url]) => {
  const articles = [...document.querySelector("live-blog").shadowRoot?.querySelectorAll("article")
    ?? document.querySelectorAll("article")];
  const loads = Array.from({ length: count }, () => {
    const picture = new Image();
    const parts = articles[Math.floor(Math.random() * articles.length)].children;
    parts[Math.floor(Math.random() * parts.length)].append(picture);
    picture.src = `${url}/static/late-${Math.random()}.svg`;
    return new Promise((resolve) => (picture.onload = picture.onerror = resolve));
  });
  await Promise.all(loads);
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}"""
"""Put pictures without a size in random entries, and wait until all are loaded and painted."""

FRAME = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(scrollY))))"

HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST=str(NEWEST))
    await node.make_blog(headline="A day in October")
    return node


async def fill(node: RunningNode, count: int = NEWEST, **fields: Any) -> list[str]:
    """Publish entries. Return their ids, oldest first."""
    return [
        await post(
            node, title=f"Number {n}", markdown=TALL, published_at=f"2020-10-09T{n // 60:02}:{n % 60:02}:00Z", **fields
        )
        for n in range(count)
    ]


async def let_pictures_be_late(page: Page) -> None:
    async def answer(route: Route) -> None:
        await asyncio.sleep(random.random() / 20)
        height = random.randrange(50, 900)
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="{height}"/>'
        await route.fulfill(body=svg, content_type="image/svg+xml")

    await page.route(re.compile("/static/late"), answer)


async def read(page: Page, article: int, at: float) -> None:
    """Scroll an article to a place on the screen, as a reader does."""
    await (
        page.locator(".entry")
        .nth(article)
        .evaluate("(one, at) => scrollTo(0, scrollY + one.getBoundingClientRect().top - at)", at)
    )
    await page.evaluate(FRAME)


TOP_ARTICLE = """() => {
  const root = document.querySelector("live-blog").shadowRoot ?? document;
  const seen = [...root.querySelectorAll(".entry")].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top >= 0 && top < innerHeight;
  });
  return seen[0] && { id: seen[0].id, top: seen[0].getBoundingClientRect().top };
}"""


async def top_of(page: Page, article: str) -> float:
    return float(await page.locator(f"#{article}").evaluate("one => one.getBoundingClientRect().top"))


class Mover:
    """Measures by how much what is read moves."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.moves: list[float] = []
        self._seen: dict[str, Any] | None = None

    async def note(self) -> None:
        """Take note of the first entry that begins in view."""
        self._seen = await self._page.evaluate(TOP_ARTICLE)

    async def compare(self) -> None:
        if self._seen is None:
            return
        self.moves.append(abs(await top_of(self._page, self._seen["id"]) - self._seen["top"]))


async def choose_order(page: Page, order: str) -> None:
    if order == "oldest":
        await page.get_by_text("Options").click()
        await page.get_by_label("Order").select_option("oldest")
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Order")).to_be_hidden()
        await expect(page.get_by_text("Options")).to_be_focused()


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_what_is_read_stays_where_it_is(
    node: RunningNode, open_page: OpenPage, complaints: Complaints, order: str, figure: Figure
) -> None:
    await fill(node)
    page = await open_page(node, service_workers="block")  # pictures would come through it
    complaints.clear()
    await choose_order(page, order)
    await let_pictures_be_late(page)
    pictures, hidden, top, links = Mover(page), Mover(page), Mover(page), Mover(page)
    for _ in range(TRIES):
        await read(page, random.randrange(1, NEWEST - 1), random.randrange(16, 300))
        await pictures.note()
        await page.evaluate(PICTURES, [6, node.url])
        await pictures.compare()
        await page.evaluate("for (const one of document.querySelectorAll('img')) one.remove()")
        await page.evaluate(FRAME)  # the page would hold its place against a `read` in this frame
    waiting = 0
    for mover in (hidden, top):
        for _ in range(TRIES):
            waiting += 1
            article = random.randrange(3) if mover is hidden else 0
            await read(page, article, random.randrange(16, 100))
            await mover.note()
            await page.evaluate(HIDE, mover is hidden)
            await post(node, title=f"New {waiting}")
            await expect(page).to_have_title(f"({waiting}) A day in October")
            await page.evaluate(HIDE, False)
            await mover.compare()
            assert await page.evaluate("scrollY") > 0
    await expect(page.get_by_role("button", name=f"{waiting} new updates")).to_be_visible()
    for _ in range(TRIES):
        entry = await page.locator(".entry").nth(random.randrange(NEWEST - 4)).get_attribute("id")
        await page.evaluate("id => { location.hash = id; }", entry)
        await expect(page.locator(f"#{entry}")).to_be_focused()
        await page.evaluate(PICTURES, [6, node.url])
        links.moves.append(abs(await top_of(page, str(entry)) - SCROLL_PADDING))
    for what, mover in (("late pictures", pictures), ("hidden", hidden), ("top in view", top), ("permalink", links)):
        figure(f"{what}, {order} first: {len(mover.moves)} tries, moved by {max(mover.moves):.2f} px at most")
        assert len(mover.moves) > TRIES / 2
    assert max(*pictures.moves, *hidden.moves, *top.moves, *links.moves) <= MOST_PIXELS


async def test_a_jump_ends_where_it_leads_while_pictures_change(
    node: RunningNode, open_page: OpenPage, complaints: Complaints
) -> None:
    await fill(node)
    page = await open_page(node, service_workers="block")
    complaints.clear()
    await let_pictures_be_late(page)
    await read(page, 9, 50)
    await page.evaluate(PICTURES, [NEWEST, node.url])
    await page.evaluate("for (const one of document.querySelectorAll('img')) one.remove(); scrollTo(0, 100)")
    assert await page.evaluate(FRAME) == 100


async def test_the_page_of_an_old_entry_tells_of_news_and_leads_to_it(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 30)
    page = await open_page(node, f"/blogs/demo/entries/{ids[8]}")
    await expect(page.locator(f"#entry-{ids[8]}")).to_be_focused()
    assert await top_of(page, f"entry-{ids[8]}") == pytest.approx(SCROLL_PADDING, abs=MOST_PIXELS)
    await edit(node, ids[20], title="Only edited")
    await post(node, title="News")
    await expect(page).to_have_title("(1) A day in October")
    await page.mouse.move(300, 300)
    await page.mouse.wheel(0, -60)
    await expect(page.locator(".entry").first).not_to_have_id(f"entry-{ids[8]}")  # newer ones come above
    assert await top_of(page, f"entry-{ids[8]}") == pytest.approx(SCROLL_PADDING + 60, abs=MOST_PIXELS)
    assert "News" not in await page.locator(".entry h2").all_inner_texts()
    await expect(page.get_by_role("link", name="Newest updates")).to_have_count(1)
    await page.get_by_role("button", name="1 new update").click()
    await expect(page).to_have_url(f"{node.url}/blogs/demo")
    await expect(page.locator(".entry h2").first).to_have_text("News")


async def test_the_filter_and_the_order_ask_the_server(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 30)
    for number in (1, 4, 28):
        await edit(node, ids[number], key=True)
    page = await open_page(node)
    titles = page.locator(".entry:visible h2")
    await page.get_by_role("button", name="Key events").click()
    await expect(titles).to_have_text(["Number 28", "Number 4", "Number 1"])
    await edit(node, ids[4], key=False)
    await edit(node, ids[6], key=True)
    await post(node, title="No key event")
    await expect(titles).to_have_text(["Number 28", "Number 6", "Number 1"])
    await page.get_by_role("button", name="All", exact=True).click()
    await expect(titles).to_have_text(["No key event", *(f"Number {n}" for n in range(29, 18, -1))])
    await choose_order(page, "oldest")
    await expect(titles).to_have_text([f"Number {n}" for n in range(12)])
    await post(node, title="News")
    await expect(page.get_by_role("button", name="1 new update")).to_be_visible()
    for count in (24, 31):
        await page.get_by_role("link", name="Newer updates").scroll_into_view_if_needed()
        await expect(titles).to_have_count(count)
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(titles).to_have_text([*(f"Number {n}" for n in range(30)), "No key event", "News"])
    await page.reload()
    await expect(titles.first).to_have_text("Number 0")


async def test_the_button_leads_over_a_gap_to_the_newest(node: RunningNode, open_page: OpenPage) -> None:
    await fill(node, 30)
    page = await open_page(node)
    await choose_order(page, "oldest")
    await expect(page.locator(".entry h2").first).to_have_text("Number 0")
    await post(node, title="News")
    await page.get_by_role("button", name="1 new update").click()
    await expect(page.locator(".entry").last).to_be_focused()
    await expect(page.locator(".entry h2")).to_have_text([*(f"Number {n}" for n in range(19, 30)), "News"])


async def test_back_and_reload_lead_to_where_the_reader_was(node: RunningNode, open_page: OpenPage) -> None:
    ids = await fill(node, 60)
    page = await open_page(node)
    for _ in range(3):
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await page.wait_for_timeout(300)
    await expect(page.locator(f"#entry-{ids[14]}")).to_have_count(1)
    await page.locator(f"#entry-{ids[14]}").evaluate("one => scrollBy(0, one.getBoundingClientRect().top - 70)")
    await page.evaluate(FRAME)
    before = await top_of(page, f"entry-{ids[14]}")
    await page.goto(f"{node.url}/")
    await post(node, title="News")
    for go in (page.go_back, page.reload):
        await go()
        await expect(page.locator(f"#entry-{ids[14]}")).to_be_in_viewport()
        await page.evaluate(FRAME)
        assert await top_of(page, f"entry-{ids[14]}") == pytest.approx(before, abs=MOST_PIXELS)


TEXT = "(one) => one.querySelector('h2')?.textContent ?? one.textContent"


async def test_headings_show_what_is_new_since_the_last_visit(node: RunningNode, open_page: OpenPage) -> None:
    await fill(node, 3)
    page = await open_page(node)
    heading, old = page.get_by_text("New since your last visit"), page.get_by_text("Seen before")
    await expect(heading).to_have_count(0)
    order = f"[...document.querySelector('#entries').children].map({TEXT})"
    for new in (2, NEWEST + 3):
        await page.goto(f"{node.url}/")
        for number in range(new):
            await post(node, title=f"News {number} of {new}", markdown=TALL)
        await page.goto(f"{node.url}/blogs/demo")
        for _ in range(2):
            await expect(heading).to_have_count(1)
            texts = await page.evaluate(order)
            assert texts[:2] == ["New since your last visit", f"News {new - 1} of {new}"]
            if new < NEWEST:
                assert texts[3:5] == ["Seen before", "Number 2"]
            else:
                await expect(old).to_have_count(0)
            await page.reload()
        if new < NEWEST:  # see all of them
            await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            await page.evaluate(FRAME)
    assert await page.locator("article :is(.visited, .seen)").count() == 0
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(old).to_have_count(1)


OLD_BROWSER = """
delete Element.prototype.checkVisibility;
delete AbortSignal.any;
delete Document.prototype.adoptedStyleSheets;
delete ShadowRoot.prototype.adoptedStyleSheets;
CSSStyleSheet = class { constructor() { throw new TypeError("Illegal constructor"); } };
delete Intl.Segmenter;
for (const name of Object.getOwnPropertyNames(Element.prototype)) {
  if (/^(aria[A-Z]|role$)/.test(name)) delete Element.prototype[name];
}
"""
"""Take away what Safari 16.0 or an extended support release of Firefox does not have."""


async def take_new_css_away(page: Page) -> None:
    async def answer(route: Route) -> None:
        answer = await route.fetch()
        text = re.sub(
            r"light-dark(?=\()|:has(?=\()|overflow-anchor|text-wrap|(?<=\") / \"\"", "no-such", await answer.text()
        )
        await route.fulfill(response=answer, body=text)

    await page.route(re.compile(r"[.]css"), answer)


@pytest.mark.parametrize("where", ["page", "embed"])
async def test_in_the_oldest_browsers_everything_works(
    node: RunningNode, browser: Browser, embed: Embed, complaints: Complaints, where: str
) -> None:
    ids = await fill(node)
    if where == "embed":
        page = await embed(script=OLD_BROWSER)
    else:
        page = await (await browser.new_context(service_workers="block", color_scheme="dark")).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.add_init_script(OLD_BROWSER)
        await take_new_css_away(page)
        await page.goto(f"{node.url}/blogs/demo")
    await expect(page.locator(".status")).to_have_text("Live")
    await expect(page.get_by_role("feed", name="Updates")).to_have_count(1)
    await page.get_by_role("button", name="Key events").click()
    await expect(page.get_by_role("button", name="Key events")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="All", exact=True).click()
    await expect(page.locator(".entry:visible")).to_have_count(NEWEST)
    await read(page, 5, 80)
    before = await top_of(page, f"entry-{ids[6]}")
    await edit(node, ids[9], markdown=TALL * 3)
    await post(node, title="News")
    button = page.get_by_role("button", name="1 new update")
    await expect(button).to_be_visible()
    assert abs(await top_of(page, f"entry-{ids[6]}") - before) <= MOST_PIXELS
    if where == "page":
        style = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
        ground, ink = await button.evaluate(style)
        assert ground == "rgb(164, 22, 26)" and ink == "rgb(255, 255, 255)"
        assert await page.locator("summary").evaluate("one => getComputedStyle(one, '::after').content") != "none"
    await page.locator(".fresh button").evaluate("one => one.click()")
    await expect(page.locator(".entry h2").first).to_have_text("News")
    embed.complaints.clear()  # the policy of that page forbids style sheets
    assert complaints == []


SCROLLER = """document.addEventListener("DOMContentLoaded", () => {
  const main = document.querySelector("main");
  Object.assign(main.style, { height: "500px", overflow: "auto" });
  main.prepend(Object.assign(document.createElement("p"), { id: "advertisement", textContent: "Advertisement" }));
});"""


async def test_the_place_is_kept_in_a_part_of_a_page_that_scrolls(node: RunningNode, embed: Embed) -> None:
    await fill(node)
    page = await embed(script=SCROLLER)
    await expect(page.locator(".entry")).to_have_count(NEWEST)
    await let_pictures_be_late(page)
    mover = Mover(page)
    for number in range(10):
        article = page.locator(".entry").nth(random.randrange(1, NEWEST - 2))
        await article.evaluate(
            "one => document.querySelector('main').scrollBy(0, one.getBoundingClientRect().top - 120)"
        )
        await page.evaluate(FRAME)
        await mover.note()
        await page.locator("#advertisement").evaluate(
            "(one, height) => { one.style.height = height; }", f"{50 * number}px"
        )
        await page.evaluate(PICTURES, [4, node.url])
        await post(node, title=f"News {number}")
        await expect(page.get_by_role("button", name=re.compile(f"^{number + 1} new update"))).to_be_visible()
        await mover.compare()
    assert max(mover.moves) <= MOST_PIXELS


TWO = """document.addEventListener("DOMContentLoaded", () => {
  const one = document.querySelector("live-blog");
  const other = one.cloneNode();
  one.before(Object.assign(document.createElement("p"), { id: "advertisement", textContent: "Advertisement" }));
  one.after(other);
});"""


async def test_two_elements_in_view_correct_the_place_once(node: RunningNode, embed: Embed) -> None:
    await fill(node, 4)
    page = await embed(script=TWO)
    await expect(page.locator(".entry")).to_have_count(8)
    second, top = page.locator("live-blog").nth(1), "one => one.getBoundingClientRect().top"
    for number in range(1, 6):
        await second.evaluate("one => scrollTo(0, scrollY + one.getBoundingClientRect().top - 300)")
        await page.evaluate(FRAME)
        await page.locator("#advertisement").evaluate(
            "(one, height) => { one.style.height = height; }", f"{99 * number}px"
        )
        await page.evaluate(FRAME)
        await page.evaluate(FRAME)
        assert await second.evaluate(top) == pytest.approx(300, abs=MOST_PIXELS)


LONG = "Bundesverfassungsgerichtsentscheidungsbegründungszusammenfassung"


async def test_a_long_word_widens_no_page(node: RunningNode, open_page: OpenPage, complaints: Complaints) -> None:
    person, story = {"name": LONG, "url": "https://example.org/"}, {"title": LONG, "url": "https://example.org/"}
    header = {"headline": f"{LONG} entscheidet", "standfirst": LONG, "authors": [person], "tags": [LONG]}
    await send(node, "PATCH", "", {**header, "related": [story]})
    text = (
        f"{LONG}\n\n[{LONG}](https://example.org/)\n\n# {LONG}\n\n> {LONG}\n\n- {LONG}\n\n`{LONG}`\n\n```\n{LONG}\n```"
    )
    media = [
        {"type": "embed", "url": "https://vimeo.com/123456789", "caption": LONG},
        {"type": "embed", "url": f"https://example.org/{LONG}"},
        {"type": "image", "url": "/static/icon.svg", "caption": LONG, "credit": LONG, "alt": LONG},
    ]
    table = f"\n\n| {LONG} | b |\n|---|---|\n| {LONG} | {LONG} |"
    fields = {"title": LONG, "markdown": text + table, "authors": [person], "source": person, "tags": [LONG]}
    entry = await post(node, **fields, media=media, key=True, breaking=True, pinned=True)
    await edit(node, entry, correction=LONG)
    await send(node, "DELETE", f"/entries/{await post(node, title='Wrong')}", {"note": LONG})
    page = await open_page(node, viewport={"width": 320, "height": 640}, forced_colors="active")
    await expect(page.get_by_role("region", name=LONG[:59])).to_have_count(2)
    await expect(page.get_by_role("region", name=LONG[:59]).first).to_have_attribute("tabindex", "0")
    pressed, other = [
        await page.get_by_role("button", name=name, exact=True).evaluate("one => getComputedStyle(one).backgroundColor")
        for name in ("All", "Key events")
    ]
    assert pressed != other
    for path in ("/blogs/demo", f"/blogs/demo/entries/{entry}", "/", f"/blogs/{'x' * 100}"):
        await page.goto(node.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") == 320, path
    complaints.clear()  # of the page that does not exist


async def test_offline_is_said_where_the_reader_is(node: RunningNode, open_page: OpenPage) -> None:
    await fill(node)
    page = await open_page(node)
    await expect(page.locator(".status")).to_have_text("Live")
    await read(page, 5, 80)
    await page.context.set_offline(True)
    await expect(page.locator(".lost")).to_contain_text("Offline, last update")
    await expect(page.locator(".lost")).to_be_in_viewport()
    await page.context.set_offline(False)
    await expect(page.locator(".lost")).to_be_hidden()


async def test_an_announcement_ends_with_a_whole_emoji(node: RunningNode, open_page: OpenPage) -> None:
    family = "👨\u200d👩\u200d👧"
    page = await open_page(node)
    await post(node, markdown=family * 200)
    voice = page.locator("[data-part=announcer]")
    await expect(voice).not_to_be_empty()
    assert await voice.inner_text() == family * 120


async def test_a_printed_page_says_when_and_where(node: RunningNode, open_page: OpenPage) -> None:
    await fill(node, 1)
    page = await open_page(node)
    await page.emulate_media(media="print")
    await expect(page.locator(".address")).to_have_attribute("href", f"{node.url}/blogs/demo")
    assert await page.evaluate("document.querySelector('.address').getBoundingClientRect().width") > 100
    date = "getComputedStyle(document.querySelector('.entry time'), '::after').content"
    assert await page.evaluate(date) == "attr(title)" or "2020-10-09" in await page.evaluate(date)
