"""Puts the JavaScript client into the wheel, as `stoppress/web/pages/client`.

That is the bundle of `make bundle` (`client_js/dist`) if there is one, else the source modules: they work in the same
way, in more requests and without content hashes. A bundle that was made from other sources is an error.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook for the target `wheel`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # a checkout hands out client_js/src
        client = Path(self.root) / "client_js"
        build_data["force_include"][str(self._folder(client))] = "stoppress/web/pages/client"
        build_data["force_include"][str(client / "worker" / "sw.js")] = "stoppress/web/pages/worker/sw.js"

    def _folder(self, client: Path) -> Path:
        manifest = client / "dist" / "manifest.json"
        if not manifest.is_file():
            self.app.display_warning("no client_js/dist: the wheel gets the source modules; `make bundle` makes it")
            return client / "src"
        if json.loads(manifest.read_text(encoding="utf-8"))["sources"] != checksum(client / "src"):
            raise SystemExit("client_js/dist was made from other sources: run `make bundle`, or delete it")
        return client / "dist"


def checksum(folder: Path) -> str:
    """SHA-256 over names and contents, as `client_js/scripts/bundle.js` computes it too."""
    total = hashlib.sha256()
    for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
        total.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return total.hexdigest()
