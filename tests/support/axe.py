"""What axe-core finds on a page (WCAG 2.2 A and AA, and its best practices)."""

from __future__ import annotations

from typing import Any, Literal

from playwright.async_api import Page

from tests.support.paths import CLIENT

RUN: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
"""The size of targets is WCAG 2.2 AA, and off unless it is asked for. Dark differs from light in colours only."""

AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"

GROUND = """() => {
  const transparent = getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)";
  if (transparent) document.body.style.background = "canvas";
}"""
"""What a browser shows under a page that has no ground; axe takes it for white, also where it is dark."""


async def violations(page: Page) -> list[str]:
    """Return what axe finds, in light and in dark."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    await page.evaluate(GROUND)
    told = []
    for scheme, options in RUN.items():
        await page.emulate_media(color_scheme=scheme)
        await page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")
        found: dict[str, Any] = await page.evaluate("(options) => axe.run(document, options)", options)
        told += [
            f"{scheme}, {one['id']}: {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in found["violations"]
        ]
    return told
