"""Files other than the JavaScript client: style sheets, and the service worker that keeps pages for offline use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from stoppress.web.pages.assets import FOREVER
from stoppress.web.pages.layout import Layout

_HASHED = re.compile(r"[.-][0-9a-f]{8,64}\.\w+$")
"""A name that contains a hash of the content: such a file never changes."""

_WORKER_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; connect-src 'self'",
    "x-content-type-options": "nosniff",
}


class Files:
    """The routes.

    Args:
        layout: knows the client's files, and those of the publisher's templates.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def routes(self) -> list[BaseRoute]:
        own = [Mount("/static/site", _Static(directory=self._layout.static))] if self._layout.static else []
        return [
            Route("/blogs/sw.js", self.worker, methods=["GET"]),
            self._layout.assets.mount(),
            *own,
            Mount("/static", _Static(directory=Path(__file__).parent / "static"), name="static"),
        ]

    async def worker(self, _request: Request) -> Response:
        """Serve the service worker. It controls the addresses below its own, so it must be here."""
        return FileResponse(_worker_file(), headers=_WORKER_HEADERS, media_type="text/javascript")


class _Static(StaticFiles):
    """Files that browsers check each time, except those with a hash in their name."""

    def file_response(self, full_path: Any, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(full_path, *arguments, **options)
        response.headers["cache-control"] = FOREVER if _HASHED.search(str(full_path)) else "no-cache"
        response.headers["access-control-allow-origin"] = "*"  # for elements in other sites' pages
        response.headers["x-content-type-options"] = "nosniff"
        return response


def _worker_file() -> Path:
    """Return its file in the package, or in a source tree."""
    packaged = Path(__file__).parent / "worker" / "sw.js"
    return packaged if packaged.is_file() else Path(__file__).parents[4] / "client_js" / "worker" / "sw.js"
