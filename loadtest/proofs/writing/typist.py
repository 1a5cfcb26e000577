"""Somebody who writes at the desk without a pause, and remembers what was typed when."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Container
from statistics import median
from typing import Any

from playwright.async_api import Page

READY = "form[data-part=write][data-ready]"

KEY_SECONDS = 0.02
"""How long a browser takes for a key, at most, on a machine that has nothing else to do."""

FIRST_MARK = 0x4E00
MARKS = r"[\u4e00-\u9fff]"
"""A regular expression for the character that begins an entry."""

_WORDS = "goal minister count turnout corner vote penalty says late crowd rain result whistle queue district".split()

LOOK = """async () => {
  const found = await indexedDB.databases();
  const rows = [];
  for (const { name } of found.filter(({ name }) => name.startsWith("stoppress-desk "))) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) });
    });
    const all = (store) => new Promise((resolve) => {
      const request = database.transaction(store).objectStore(store).getAll();
      request.onsuccess = () => resolve(request.result);
    });
    rows.push({ drafts: await all("drafts"), intentions: await all("intentions") });
    database.close();
  }
  const drafts = rows.flatMap((row) => row.drafts).filter((one) => !one.isEnded);
  const intentions = rows.flatMap((row) => row.intentions);
  const isWaiting = ({ state }) => state === "waiting";
  return {
    form: document.querySelector("#write-body").value,
    drafts: drafts.map((one) => one.words.body),
    waiting: intentions.filter(isWaiting).length,
    returned: intentions.filter((one) => !isWaiting(one)).map((one) => one.draft?.words.body),
  };
}"""


class Typist:
    """Types entries into the form of a page, one key after the other, and sends each."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._count = 0
        self.sent: dict[str, float] = {}
        """When the keys that send each text were pressed, by `time.monotonic`."""
        self.key_seconds: list[float] = []
        """How long the browser took for each key."""
        self.history: list[tuple[float, str]] = [(0.0, "")]
        """What was in the form, and since when."""

    @property
    def slowness(self) -> float:
        """How many times slower than usual the browser has been lately; 1 on a machine that has nothing else to do."""
        return max(1.0, median(self.key_seconds[-50:]) / KEY_SECONDS) if self.key_seconds else 1.0

    @property
    def current(self) -> str:
        return self.history[-1][1]

    def text_at(self, moment: float) -> str:
        """Return what was in the form at a moment."""
        return next(text for at, text in reversed(self.history) if at <= moment)

    def found(self, text: str, on_server: Container[str] | None = None) -> None:
        """Go on with what is in the form now.

        After a crash, a text that was about to be sent may be in the form again, without its newest characters. It is
        another text then. So forget those that are not on the server; they have been checked.
        """
        self.history = [(0.0, text)]
        if on_server is not None:
            self.sent = {sent: at for sent, at in self.sent.items() if sent in on_server}

    async def type_for_ever(self, page: Page) -> None:
        """Type until the browser is gone."""
        await page.focus("#write-body")
        await page.keyboard.press("Control+End")
        if self.current:
            await self._send(page)
        while True:
            await self._type_entry(page)
            await self._send(page)

    async def _type_entry(self, page: Page) -> None:
        self._count += 1
        words = self._random.choices(_WORDS, k=self._random.randint(2, 6))
        # Its first character tells the entry from all others, however little of it is kept
        for key in f"{chr(FIRST_MARK + self._count)} {' '.join(words)}.":
            begin = time.monotonic()
            await page.keyboard.type(key)
            self.key_seconds.append(time.monotonic() - begin)
            self.history.append((time.monotonic(), self.current + key))
            await asyncio.sleep(self._random.random() * 0.04)
            if self._random.random() < 0.01:
                await page.keyboard.press("Control+S")

    async def _send(self, page: Page) -> None:
        text = self.current
        self.sent[text] = time.monotonic()  # it may be sent from now on
        await page.keyboard.press("Control+Enter")
        self.sent[text] = time.monotonic()
        self.history.append((time.monotonic(), ""))


async def look(page: Page) -> dict[str, Any]:
    """Return what the page and its storage have."""
    return dict(await page.evaluate(LOOK))
