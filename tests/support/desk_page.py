"""The pages of the desk in a browser: signing in, and pictures of what it looks like."""

from __future__ import annotations

import os

from playwright.async_api import Page, expect

from tests.support.node import RunningNode
from tests.support.people import PASSWORD

WAIT_MS = 120_000
"""How long the page may take for a step: a machine may be busy."""

PICTURES = os.environ.get("STOPPRESS_PICTURES", "")
"""The folder that tests write pictures of the desk to; empty: none are made."""


async def sign_in_by_keyboard(page: Page, node: RunningNode, name: str, path: str = "/desk") -> None:
    """Open a page of the desk as somebody who has not signed in, and sign in. The page is open afterwards."""
    page.set_default_timeout(WAIT_MS)
    await page.goto(node.url + path)
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(node.url + path)


async def open_blog(page: Page, node: RunningNode, name: str, blog: str = "demo") -> None:
    """Sign in, and open the desk of a blog. It is connected, and its form is ready, afterwards."""
    await sign_in_by_keyboard(page, node, name, f"/desk/blogs/{blog}")
    await until_ready(page)


async def until_ready(page: Page) -> None:
    """Wait until the desk is connected, and its form is ready."""
    await expect(page.locator("[data-part=connection]")).to_have_text("Connected")
    await expect(page.locator("[data-part=write]")).to_have_attribute("data-ready", "")


async def take_picture(page: Page, name: str) -> None:
    """Keep a picture of the page if `STOPPRESS_PICTURES` names a folder."""
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png")
