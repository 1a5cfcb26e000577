"""Put the JavaScript client into the wheel, as `stoppress/web/pages/client`.

If `make bundle` has built `client_js/dist`, the wheel gets these bundles. Otherwise it gets the source modules, which
work the same way, but need more requests and do not have content hashes. Bundles that do not match the sources are an
error.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling hook for the target `wheel`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # a server that runs from a checkout serves client_js/src
        client, include = Path(self.root) / "client_js", build_data["force_include"]
        folder = self._folder(client)
        include[str(folder)] = "stoppress/web/pages/client"
        if folder.name == "src":
            include[str(client / "desk")] = "stoppress/web/pages/desk_client"
        include[str(client / "worker" / "sw.js")] = "stoppress/web/pages/worker/sw.js"

    def _folder(self, client: Path) -> Path:
        manifest = client / "dist" / "manifest.json"
        if not manifest.is_file():
            self.app.display_warning("the wheel gets the source modules of the client; `make bundle` builds bundles")
            return client / "src"
        if json.loads(manifest.read_text(encoding="utf-8"))["sources"] != checksum(client):
            raise SystemExit("client_js/dist does not match its sources: run `make bundle`, or delete client_js/dist")
        return client / "dist"


def checksum(client: Path) -> str:
    """Return the SHA-256 of names and contents, in the same way as `client_js/scripts/bundle.js`."""
    total = hashlib.sha256()
    paths = [path for folder in ("src", "desk") for path in (client / folder).rglob("*") if path.is_file()]
    for name in sorted(path.relative_to(client).as_posix() for path in paths):
        total.update(name.encode() + b"\0" + (client / name).read_bytes() + b"\0")
    return total.hexdigest()
