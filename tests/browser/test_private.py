"""A private blog in a real browser: in a page of another origin with tokens, and on the server's own pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import Eventually, StartNode
from tests.support.browser import Embed, Pages, kept
from tests.support.images import photo
from tests.support.node import RunningNode
from tests.support.publishing import post
from tests.support.tokens import claims, secret_file, signed

pytestmark = pytest.mark.browser

PROVIDE = """(() => {
    const tokens = %s;
    window.told = [];
    document.addEventListener("token", (event) => {
        window.told.push("token");
        event.detail.provide(Promise.resolve(tokens.shift()));
    }, true);
    document.addEventListener("phase", ({ detail }) => window.told.push(detail.code ?? detail.phase), true);
})()"""


@pytest.fixture
async def private(start_node: StartNode, pages: Pages, tmp_path: Path) -> AsyncIterator[tuple[RunningNode, Embed]]:
    """A node with a private blog, and a site whose pages may read it."""
    embed = Embed(None, pages)  # type: ignore[arg-type]
    async with embed:
        assert embed._server is not None
        origin = f"http://127.0.0.1:{embed._server.sockets[0].getsockname()[1]}"
        settings = {"STOPPRESS_TOKEN_SECRET_FILE": secret_file(tmp_path), "STOPPRESS_READER_ORIGINS": origin}
        embed._node = node = await start_node(**settings)
        await node.make_blog(headline="For subscribers", access="token")
        yield node, embed
        embed.complaints[:] = [one for one in embed.complaints if "status of 40" not in one]  # the browser logs those


async def told(page: Page) -> list[object]:
    return list(await page.evaluate("window.told"))


async def test_an_element_asks_its_page_for_tokens_and_misses_nothing(
    private: tuple[RunningNode, Embed], eventually: Eventually
):
    node, embed = private
    first = await post(node, title="First")
    tokens = [signed(claims(["demo"], seconds=seconds)) for seconds in (4, 3_600)]
    page = await embed(script=PROVIDE % json.dumps(tokens))
    await expect(page.get_by_role("heading", name="For subscribers")).to_be_visible()
    await expect(page.locator(f"#entry-{first} h2")).to_have_text("First")

    async def has_renewed() -> bool:
        return (await told(page)).count("live") == 2

    async def has_lost() -> bool:
        return "reconnecting" in await told(page)

    await eventually(has_lost)
    second = await post(node, title="Second")
    await eventually(has_renewed)
    await expect(page.locator(f"#entry-{second} h2")).to_have_text("Second")
    third = await post(node, title="Third")
    await expect(page.locator(f"#entry-{third} h2")).to_have_text("Third")
    assert await told(page) == ["token", "connecting", "live", "reconnecting", "token", "live"]


async def test_an_element_without_a_token_says_so(private: tuple[RunningNode, Embed], eventually: Eventually):
    _node, embed = private
    page = await embed("Only for subscribers.", script=PROVIDE % "[]")

    async def is_refused() -> bool:
        return await told(page) == ["token", 4401]

    await eventually(is_refused)
    await expect(page.get_by_text("Only for subscribers.")).to_be_visible()


@pytest.mark.parametrize("way", ["cookie", "link"])
async def test_the_servers_own_page_is_live_and_leaves_no_copy(
    private: tuple[RunningNode, Embed], pages: Pages, way: str, eventually: Eventually
):
    node, _embed = private
    await post(node, title="First")
    context = await pages.browser.new_context()
    page = await context.new_page()
    if way == "cookie":
        await context.add_cookies([{"name": "stoppress_token", "value": signed(), "url": node.url}])
    await page.goto(f"{node.url}/blogs/demo" + (f"?token={signed()}" if way == "link" else ""))
    await expect(page.locator(".entry h2")).to_have_text("First")
    await post(node, title="Second")
    await expect(page.locator(".entry h2")).to_have_text(["Second", "First"])

    async def has_worker() -> bool:
        return len(await kept(page, "files")) > 0

    await eventually(has_worker)
    await page.reload()
    await expect(page.locator(".entry h2")).to_have_text(["Second", "First"])
    assert await kept(page) == []
    await context.close()


async def uploaded(node: RunningNode) -> dict[str, Any]:
    async with node.editor(kept=60) as editor:
        headers = {"content-type": "image/jpeg"}
        answer = await editor.post("/api/blogs/demo/media", content=photo(), headers=headers, timeout=60)
        assert answer.status_code == 201, answer.text
        media: dict[str, Any] = answer.json()["media"]
        return media


async def test_images_are_shown_to_those_with_a_token(
    private: tuple[RunningNode, Embed], pages: Pages, eventually: Eventually
):
    node, embed = private
    media = await uploaded(node)
    await post(node, title="First", media=[media])
    token = signed(claims(["demo"]))
    elsewhere = await embed(script=PROVIDE % json.dumps([token]))
    here = await pages.take()
    await here.goto(f"{node.url}/blogs/demo?token={token}")
    for page in (elsewhere, here):
        image = page.locator("article img")
        await image.scroll_into_view_if_needed()

        async def is_shown(image: Locator = image) -> bool:
            return bool(await image.evaluate("one => one.naturalWidth > 0"))

        await eventually(is_shown)
        shown = str(await image.evaluate("one => one.currentSrc"))
        assert shown.startswith(node.url + media["url"].rpartition("-")[0])
        assert shown.endswith(f".avif?token={token}")
