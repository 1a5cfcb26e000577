"""A Chromium that can be killed, and comes back with what it has kept on its disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Error, Page, Playwright, async_playwright

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run --remote-debugging-port=0 --window-size=1280,900"
).split()

START_SECONDS = 120.0
CONNECT_SECONDS = 30.0
START_TRIES = 5


class KillableBrowser:
    """A browser with a profile in a folder."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._playwright = playwright
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._browser: Browser | None = None

    async def start(self) -> Page:
        """Start it. Return its page."""
        for _ in range(START_TRIES):
            port = await self._launch()
            try:
                self._browser = await self._playwright.chromium.connect_over_cdp(
                    f"http://127.0.0.1:{port}", timeout=CONNECT_SECONDS * 1000
                )
                return await self._page()
            except Error:  # Chromium does not always answer its debugger on a busy machine
                await self.kill()
        raise AssertionError(f"Chromium did not answer its debugger in {START_TRIES} tries.")

    async def _page(self) -> Page:
        """Return the page that the browser begins with: it is in front, so its timers run on time."""
        assert self._browser is not None
        context = self._browser.contexts[0]
        return context.pages[0] if context.pages else await context.new_page()

    async def _launch(self) -> str:
        """Start the processes. Return the port of the debugger."""
        port_file = self._folder / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            "/usr/bin/chromium",
            *ARGUMENTS,
            f"--user-data-dir={self._folder}",
            "about:blank",
            start_new_session=True,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_SECONDS):
            while not (port_file.exists() and port_file.read_text(encoding="ascii").count("\n")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return port_file.read_text(encoding="ascii").split()[0]

    async def kill(self) -> None:
        """Kill all its processes at once."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._process = None

    async def stop(self) -> None:
        if self._process is not None:
            await self.kill()


@asynccontextmanager
async def killable_browser(folder: Path) -> AsyncIterator[KillableBrowser]:
    """Give a browser that is stopped at the end."""
    async with async_playwright() as playwright:
        browser = KillableBrowser(playwright, folder)
        try:
            yield browser
        finally:
            await browser.stop()
