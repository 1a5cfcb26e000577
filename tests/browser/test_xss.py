"""Two hundred attempts to run a script in readers' browsers, in every field that editors fill: none runs.

The forms are those of the collections that everybody attacks with (OWASP's filter evasion cheat sheet and others):
elements with handlers, addresses with scripts, broken and nested markup, encodings, templates, ends of other contexts.
"""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.support.payloads import ELEMENTS, RUN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONTEXTS = (
    "{it}",
    '"><b>{it}',
    "'><b>{it}",
    "--><!--{it}-->{it}",
    "]]>{it}",
    "</script>{it}",
    "[x](javascript:{run}) {it}",
)

PAYLOADS = [
    context.replace("{it}", element).replace("{run}", RUN)
    for context, element in itertools.islice(itertools.product(CONTEXTS, ELEMENTS), 200)
]


SCRIPTS = """[...document.querySelectorAll("live-blog *")].filter((one) =>
  [...one.attributes].some(({ name, value }) => /^on/i.test(name) || /^\\s*javascript:/i.test(value))).length"""
"""How many elements have an attribute that runs something."""


def everywhere(payload: str) -> dict[str, Any]:
    line = payload.replace("\n", " ").replace("\x0c", " ")
    return {
        "title": line,
        "html" if PAYLOADS.index(payload) % 2 else "markdown": payload,
        "authors": [{"name": line[:190]}],
        "tags": [line[:60]],
        "key": True,
        "media": [
            {"type": kind, "url": "https://example.invalid/x", "caption": payload, "alt": payload}
            for kind in ("embed", "audio")
        ],
    }


async def test_no_payload_runs_live_or_rendered(start_node, open_page, complaints):
    node = await start_node(STOPPRESS_NEWEST="200")
    await node.make_blog()
    page = await open_page(node, reduced_motion="reduce")
    async with node.editor() as editor:
        for payload in PAYLOADS:
            await publish(editor, payload)
        title = PAYLOADS[0]
        header = {"headline": title, "standfirst": title, "tags": [title]}
        assert (await editor.patch("/api/blogs/demo", json=header)).status_code == 200
    assert len(PAYLOADS) == 200
    for _ in ("live", "rendered"):
        await expect(page.locator(".entry")).to_have_count(200)
        await page.mouse.move(300, 300)
        await page.wait_for_timeout(500)
        assert await page.evaluate("window.executed") is None
        assert await page.evaluate(SCRIPTS) == 0
        assert await page.locator("live-blog :is(script, iframe, object, embed, form, base, meta, link)").count() == 0
        await page.reload()
    complaints[:] = [one for one in complaints if "404" not in one]  # for images called x


async def publish(editor: httpx.AsyncClient, payload: str) -> None:
    answer = await editor.post("/api/blogs/demo/entries", json=everywhere(payload))
    assert answer.status_code == 201, answer.text
