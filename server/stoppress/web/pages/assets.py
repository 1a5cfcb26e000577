"""The files that pages load: the JavaScript client, its service worker, style sheets, and a publisher's own files.

The client is what `make bundle` made, in files with content hashes. A checkout without it has the source modules.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HERE = Path(__file__).parent

_CHECKOUT = _HERE.parents[3] / "client_js"
"""The client in a source tree."""

_HASHED = re.compile(r"[.-][0-9a-f]{8,64}\.\w+$")
"""A name that contains a hash of the content: such a file never changes."""

_WORKER_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; connect-src 'self'",
    "x-content-type-options": "nosniff",
}


class _Script(NamedTuple):
    """The attributes of a page's `<script type="module">`."""

    address: str
    integrity: str | None
    """For Subresource Integrity; None for a source module, because it loads others."""


class Assets:
    """The files.

    Args:
        folder: the client's bundles with their `manifest.json`, or its source modules. By default what the package has,
            or what lies beside it in a source tree.
        site: the publisher's files; None if there are none.

    Source modules of the desk are below `/client/desk`. They import others as `../src/...`, so these are also there.
    """

    def __init__(self, folder: Path | None = None, site: Path | None = None) -> None:
        self._folder = folder or _packaged("client") or _bundles(_CHECKOUT) or _CHECKOUT / "src"
        self._site = site
        manifest = self._folder / "manifest.json"
        made = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {"entries": {}, "files": {}}
        self._entries: dict[str, dict[str, str]] = made["entries"]
        sheets = {one["file"].partition(".")[0]: one["file"] for one in made["files"].values()}
        self.style_sheet = f"/client/{sheets.get('live-blog', 'view/live-blog.css')}"
        """The address of a blog's style sheet."""
        self.desk_style_sheet = f"/client/{sheets.get('desk', 'desk/desk.css')}"
        """The address of the style sheet of the desk, in addition to that of a blog."""

    def script(self, entry: str) -> _Script:
        """Return an entry point: `page` or `desk` for the server's pages, `element` or `index` for those of others."""
        made = self._entries.get(entry, {"file": f"desk/{entry}.js" if entry == "desk" else f"{entry}.js"})
        return _Script(f"/client/{made['file']}", made.get("integrity"))

    def routes(self) -> list[BaseRoute]:
        """Return the routes. The client's newest files also have addresses that stay, such as `/client/page.js`."""
        aliases = {f"{entry}.js": made["file"] for entry, made in self._entries.items()}
        own = [Mount("/static/site", _Static(self._site))] if self._site else []
        return [
            Route("/blogs/sw.js", self.worker, methods=["GET"]),
            Mount("/client", _Static(self._folder, aliases, {} if self._entries else self._sources())),
            *own,
            Mount("/static", _Static(_HERE / "static")),
        ]

    def _sources(self) -> dict[str, _Static]:
        return {"desk": _Static(_packaged("desk_client") or _CHECKOUT / "desk"), "src": _Static(self._folder)}

    async def worker(self, _request: Request) -> Response:
        """Serve the service worker. It controls the addresses below its own, so it must be here."""
        folder = _packaged("worker") or _CHECKOUT / "worker"
        return FileResponse(folder / "sw.js", headers=_WORKER_HEADERS, media_type="text/javascript")


class _Static(StaticFiles):
    """Files that browsers check each time, so that they never mix two versions, except those with a hash in their name.

    Args:
        folder: has the files.
        aliases: further names of files.
        below: the files of folders that are elsewhere, by the name of the folder.
    """

    def __init__(
        self,
        folder: Path,
        aliases: Mapping[str, str] = MappingProxyType({}),
        below: Mapping[str, _Static] = MappingProxyType({}),
    ) -> None:
        super().__init__(directory=folder)
        self._aliases = aliases
        self._below = below

    async def get_response(self, path: str, scope: Scope) -> Response:
        first, _, rest = path.partition(os.sep)
        if first in self._below:
            return await self._below[first].get_response(rest, scope)
        response = await super().get_response(self._aliases.get(path, path), scope)
        forever = "public, max-age=31536000, immutable"
        response.headers["cache-control"] = forever if _HASHED.search(path) else "no-cache"
        response.headers["access-control-allow-origin"] = "*"  # elements in other sites' pages load them
        response.headers["x-content-type-options"] = "nosniff"
        return response


def _packaged(name: str) -> Path | None:
    """Return a folder of the client that the package has; None in a source tree."""
    folder = _HERE / name
    return folder if folder.is_dir() else None


def _bundles(client: Path) -> Path | None:
    """Return the bundles in a source tree; None if there are none, or a source is newer than they are."""
    manifest = client / "dist" / "manifest.json"
    if not manifest.is_file():
        return None
    made = manifest.stat().st_mtime_ns
    folders = (client / "src", client / "desk")
    sources = [one for folder in folders for one in (folder, *folder.rglob("*")) if one.exists()]
    return manifest.parent if all(one.stat().st_mtime_ns <= made for one in sources) else None
