"""The form of the desk in a real browser."""

from __future__ import annotations

from playwright.async_api import BrowserContext, Page

from tests.support.node import RunningNode
from tests.support.people import PASSWORD

READY = "form[data-part=write][data-ready]"
BODY = "#write-body"

_SIGN_IN = """async ([name, password]) => {
  const headers = {"content-type": "application/json"};
  const answer = await fetch("/api/session", {method: "POST", headers, body: JSON.stringify({name, password})});
  return answer.status;
}"""

PASTE = """([selector, data]) => {
  const clipboardData = new DataTransfer();
  for (const [type, text] of Object.entries(data)) clipboardData.setData(type, text);
  const field = document.querySelector(selector);
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


def site(node: RunningNode) -> str:
    """Return the address at which browsers accept the session cookie without HTTPS."""
    return node.url.replace("127.0.0.1", "localhost")


async def sign_in_page(page: Page, node: RunningNode, name: str) -> None:
    """Sign in, as the sign-in page does."""
    await page.goto(f"{site(node)}/desk/sign-in")
    assert await page.evaluate(_SIGN_IN, [name, PASSWORD]) == 201


async def open_form(context: BrowserContext, node: RunningNode, name: str = "", blog: str = "demo") -> Page:
    """Open the desk of a blog in a new tab. Sign in if a name is given."""
    page = await context.new_page()
    if name:
        await sign_in_page(page, node, name)
    await page.goto(f"{site(node)}/desk/blogs/{blog}")
    await page.wait_for_selector(READY, state="attached")
    await page.focus(BODY)
    return page


async def paste(page: Page, text: str, html: str = "") -> None:
    """Paste into the text of the entry."""
    data = {"text/plain": text, **({"text/html": html} if html else {})}
    await page.evaluate(PASTE, [BODY, data])
