"""axe-core finds nothing to complain of (WCAG 2.2 A and AA, and its best practices), in any state of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.conftest import StartNode
from tests.support.browser import OpenPage
from tests.support.desk import edit, post, send
from tests.support.node import RunningNode

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "client_js" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
async def node(start_node: StartNode) -> RunningNode:
    node = await start_node(STOPPRESS_NEWEST="5")
    await node.make_blog(headline="A day in October", standfirst="What happened.", language="en")
    return node


async def violations(page: Page) -> list[str]:
    await page.wait_for_timeout(300)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found["violations"]
    ]


async def publish_all_kinds(node: RunningNode) -> None:
    for number in range(6):
        await post(node, title=f"Number {number}", markdown="Some *news* with [a link](https://example.org/).")
    media: list[dict[str, Any]] = [
        {"type": "image", "url": "/static/icon.svg", "alt": "A bridge", "caption": "The bridge", "credit": "J. Berg"},
        {"type": "embed", "url": "https://vimeo.com/123456789", "caption": "The speech"},
    ]
    rich = await post(
        node, title="Rich", key=True, breaking=True, tags=["talks"], media=media, authors=[{"name": "Ada"}]
    )
    await edit(node, rich, correction="It was Tuesday.", pinned=True)
    await send(node, "DELETE", f"/entries/{await post(node, title='Wrong')}", {"note": "We were wrong."})
    await send(node, "PATCH", "", {"related": [{"title": "Background", "url": "https://example.org/"}]})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["full", "empty", "ended", "reconnecting", "waiting", "options", "index"])
async def test_axe_finds_nothing(
    node: RunningNode, open_page: OpenPage, complaints: list[str], scheme: str, state: str
) -> None:
    if state != "empty":
        await publish_all_kinds(node)
    if state == "ended":
        await send(node, "PATCH", "", {"status": "ended"})
    context = {"color_scheme": scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    page = await open_page(node, "/" if state == "index" else "/blogs/demo", **context)
    if state == "reconnecting":
        await page.context.set_offline(True)
        await node.stop()
        await expect(page.locator(".status")).to_contain_text("last update", timeout=5_000)
    if state == "waiting":
        await page.get_by_role("button", name="Pause").click()
        await post(node, title="New")
        await expect(page.get_by_role("button", name="1 new update")).to_be_visible(timeout=2_000)
    if state == "options":
        await page.get_by_text("Options").click()
    assert await violations(page) == []
    if state == "reconnecting":
        complaints.clear()  # of a server that cannot be reached
