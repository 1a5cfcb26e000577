"""What a browser says while it shows a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import ConsoleMessage, Page, Request

OpenPage = Callable[..., Awaitable[Page]]


class Complaints(list[str]):
    """What a browser complained about: errors, refusals by the content security policy, foreign hosts."""

    def watch(self, page: Page, url: str) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.append(message.text)

        def on_request(request: Request) -> None:
            if not request.url.startswith(url):
                self.append(request.url)

        page.on("console", on_console)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("request", on_request)
