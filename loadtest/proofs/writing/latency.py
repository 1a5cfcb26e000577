"""How long it takes from Ctrl+Enter at the desk until a reader's browser has painted the entry."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page

from loadtest.proofs.writing.proof import WritingStage, desk
from stoppress.tools.swarm.histogram import FineHistogram

MAX_P95_MILLISECONDS = 300.0

NOTE_KEYS = """addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) window.pressedAt = performance.timeOrigin + event.timeStamp;
}, true)"""

NOTE_PAINTS = """() => {
  window.painted = {};
  const look = () => {
    for (const [text] of document.body.textContent.matchAll(/Latency \\d+\\./g)) {
      if (!(text in window.painted)) {
        window.painted[text] = null;
        requestAnimationFrame(() => (window.painted[text] = performance.timeOrigin + performance.now()));
      }
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


async def seconds_to_painted(page: Page, reader: Page, number: int) -> float:
    """Publish one entry. Return the seconds from the key until the reader's browser has painted it."""
    text = f"Latency {number}."
    await page.keyboard.type(text)
    await asyncio.sleep(0.3)  # as long as somebody reads what is there, and the browser keeps it
    await page.keyboard.press("Control+Enter")
    painted = await reader.wait_for_function("(text) => window.painted[text]", arg=text, timeout=60_000)
    return (float(await painted.json_value()) - float(await page.evaluate("window.pressedAt"))) / 1000


async def measure(times: int) -> FineHistogram:
    """Return the times of so many entries, after some to warm up."""
    found = FineHistogram()
    async with desk(seed=0) as stage:
        page, reader = await _open(stage)
        for number in range(times + 5):
            seconds = await seconds_to_painted(page, reader, number)
            if number >= 5:
                found.add(seconds)
    return found


async def _open(stage: WritingStage) -> tuple[Page, Page]:
    page = stage.page
    assert page is not None
    assert page.context.browser is not None
    reader = await (await page.context.browser.new_context()).new_page()
    await reader.goto(f"{stage.url}/blogs/demo")
    await reader.wait_for_selector("live-blog[data-cursor]", state="attached")
    await reader.evaluate(NOTE_PAINTS)
    await page.evaluate(NOTE_KEYS)
    await page.focus("#write-body")
    return page, reader


async def latency(times: int) -> bool:
    """Print the times, and return whether 95 % are within the limit."""
    found = await measure(times)
    p50, p95 = found.percentile(50) * 1000, found.percentile(95) * 1000
    print(f"Ctrl+Enter to painted at a reader: half within {p50:.0f} ms, 95 % within {p95:.0f} ms, of {times} entries")
    return p95 <= MAX_P95_MILLISECONDS
