"""What a person pastes is published as it was read on the page that it was copied from."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser

from stoppress.newsroom.rendering import Rendered
from tests.support.clipboard import fragments
from tests.support.tries import tries

pytestmark = pytest.mark.browser

COUNT = tries(300)

READ = """(fragments) => fragments.map((html) => {
  const holder = document.body.appendChild(document.createElement("div"));
  const page = holder.attachShadow({ mode: "open" }).appendChild(document.createElement("div"));
  page.innerHTML = html;
  const isUnseen = (one) => {
    const { opacity, fontSize, color, position, overflow } = getComputedStyle(one);
    const { right, bottom, width, height } = one.getBoundingClientRect();
    const isSmall = one.localName !== "td" && overflow === "hidden" && (width <= 1 || height <= 1);
    const isOutside = position === "absolute" && (right < 0 || bottom < 0);
    return opacity === "0" || fontSize === "0px" || color === "rgba(0, 0, 0, 0)" || isSmall || isOutside;
  };
  const unseen = [...page.querySelectorAll("*")].filter(isUnseen);
  // The marks of lists are not text, nor what can be chosen; what is laid out within a line stays in that line
  for (const one of [...unseen, ...page.querySelectorAll("[style*='mso-list:Ignore'], select")]) one.remove();
  for (const one of page.querySelectorAll("[style*='inline-flex']")) one.style.display = "inline-block";
  const text = page.innerText;
  holder.remove();
  return text;
})"""
"""Returns what Chromium shows of fragments."""


def lines(text: str) -> list[str]:
    """Return the lines and cells of a text that are not empty."""
    return [line for line in (" ".join(part.split()) for part in re.split(r"[\n\t]", text)) if line]


async def test_pasted_html_is_published_as_it_was_read(browser: Browser):
    pasted = list(fragments(seed=13, count=COUNT))
    rendered = [Rendered.from_html(html) for _, html in pasted]
    page = await (await browser.new_context(offline=True)).new_page()
    shown = await page.evaluate(READ, [html for _, html in pasted])
    published = await page.evaluate(READ, [one.html for one in rendered])
    wrong = [
        f"{program}: {html}\n  shown     {lines(there)}\n  text      {lines(one.text)}\n  published {lines(here)}"
        for (program, html), one, there, here in zip(pasted, rendered, shown, published, strict=True)
        if not lines(there) == lines(one.text) == lines(here)
    ]
    assert "unseen" not in "".join(one.html + one.text for one in rendered)
    assert not wrong, f"{len(wrong)} of {COUNT}: {wrong[0]}"
