"""The JavaScript client as this server serves it: bundles with content hashes, or the source modules of a checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOREVER = "public, max-age=31536000, immutable"
"""For a file whose name contains a hash of its content."""


class _Script(NamedTuple):
    """The attributes of a page's `<script type="module">`."""

    address: str
    integrity: str | None
    """For Subresource Integrity; None for a source module, because it loads others."""


class Assets:
    """The client's files, below `/client`.

    Args:
        folder: the bundles of `make bundle` with their `manifest.json`, or source modules. By default what the package
            has, or what lies beside it in a source tree.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _folder()
        manifest = self._folder / "manifest.json"
        made = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {"entries": {}, "files": {}}
        self._entries: dict[str, dict[str, str]] = made["entries"]
        self._hashed = {one["file"] for part in ("entries", "files") for one in made[part].values()}

    def script(self, entry: str) -> _Script:
        """Return an entry point: `page` for the server's pages, `element` or `index` for pages of other sites."""
        made = self._entries.get(entry)
        return (
            _Script(f"/client/{entry}.js", None)
            if made is None
            else _Script(f"/client/{made['file']}", made["integrity"])
        )

    @property
    def style_sheet(self) -> str:
        """The address of a blog's style sheet."""
        return f"/client/{next((name for name in self._hashed if name.endswith('.css')), 'view/live-blog.css')}"

    def mount(self) -> Mount:
        """Serve the files. The newest ones also have addresses that stay, such as `/client/page.js`."""
        aliases = {f"{entry}.js": made["file"] for entry, made in self._entries.items()}
        return Mount("/client", _Files(self._folder, aliases, self._hashed), name="client")


class _Files(StaticFiles):
    """Browsers keep hashed files for ever. They check the others each time, so they never mix two versions."""

    def __init__(self, folder: Path, aliases: dict[str, str], hashed: set[str]) -> None:
        super().__init__(directory=folder)
        self._aliases = aliases
        self._hashed = hashed

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(self._aliases.get(path, path), scope)
        response.headers["cache-control"] = FOREVER if path in self._hashed else "no-cache"
        response.headers["access-control-allow-origin"] = "*"  # other sites' pages load it as a module
        return response


def _folder() -> Path:
    packaged = Path(__file__).parent / "client"
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / "client_js" / "src"
