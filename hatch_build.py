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
        client = Path(self.root) / "client_js"
        build_data["force_include"][str(self._folder(client))] = "stoppress/web/pages/client"
        build_data["force_include"][str(client / "worker" / "sw.js")] = "stoppress/web/pages/worker/sw.js"

    def _folder(self, client: Path) -> Path:
        manifest = client / "dist" / "manifest.json"
        if not manifest.is_file():
            self.app.display_warning("the wheel gets the source modules of the client; `make bundle` builds bundles")
            return client / "src"
        if json.loads(manifest.read_text(encoding="utf-8"))["sources"] != checksum(client / "src"):
            raise SystemExit("client_js/dist does not match client_js/src: run `make bundle`, or delete client_js/dist")
        return client / "dist"


def checksum(folder: Path) -> str:
    """Return the SHA-256 of names and contents, in the same way as `client_js/scripts/bundle.js`."""
    total = hashlib.sha256()
    for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
        total.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return total.hexdigest()
