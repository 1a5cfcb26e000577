"""The examples of the client, as they are, in a real browser."""

from __future__ import annotations

import subprocess

import pytest
from playwright.async_api import expect

from tests.support.network import Network
from tests.support.paths import CLIENT
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser


def bundled(example: str) -> str:
    """A script and all that it imports."""
    esbuild = [CLIENT / "node_modules" / ".bin" / "esbuild", CLIENT / "examples" / example]
    options = ["--bundle", "--format=esm", "--charset=ascii", '--define:process.env.NODE_ENV="production"']
    return subprocess.run([*esbuild, *options], capture_output=True, text=True, check=True, timeout=60).stdout


def plain() -> str:
    page = (CLIENT / "examples" / "plain" / "index.html").read_text(encoding="utf-8")
    script = '<script type="module" src="blog.js"></script>'
    assert script in page
    return page.replace(script, f'<script type="module">{bundled("plain/blog.js")}</script>')


def react() -> str:
    return f'<!doctype html><body><script type="module">{bundled("react/main.js")}</script>'


@pytest.mark.parametrize("example", [plain, react])
async def test_an_example_shows_entries_edits_retractions_and_older_pages(example, empty_node, browser):
    node = await empty_node(STOPPRESS_NEWEST="2")
    await node.make_blog(headline="The example")
    async with Network(node.port, {"/example": example()}) as network:
        fields = [{"title": f"At {hour}", "published_at": f"2020-10-09T{hour:02d}:00:00Z"} for hour in range(1, 5)]
        for one in fields[:3]:
            await post(node, markdown="**Bold**", **one)
        page = await browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{network.url}/example?src=/blogs/demo")
        await expect(page.locator("h1")).to_have_text("The example")
        await expect(page.get_by_role("status")).to_have_text("live", ignore_case=True)
        entry = await post(node, **fields[3])
        await expect(page.locator("h2")).to_have_text(["At 4", "At 3", "At 2"])
        await page.get_by_role("button", name="Older updates").click()
        await expect(page.locator("h2")).to_have_text(["At 4", "At 3", "At 2", "At 1"])
        await expect(page.get_by_role("button", name="Older updates")).to_be_hidden()
        await edit(node, entry, title="Edited")
        await expect(page.locator("h2").first).to_have_text("Edited")
        await send(node, "DELETE", f"/entries/{entry}", {"note": "It was not so."})
        await expect(page.get_by_text("It was not so.")).to_be_visible()
        assert errors == []
