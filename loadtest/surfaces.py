"""The surfaces that may show an entry, as addresses of GET requests."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

_HTML = {"accept": "text/html"}


class SurfaceRequest(NamedTuple):
    """A GET request to a node."""

    address: str
    headers: dict[str, str]


def surfaces_of(blog: str, entry: str, since: str = "0") -> dict[str, SurfaceRequest]:
    """Return the requests for all surfaces that may show an entry, by name; `since` is a cursor from before it."""
    at, editors, cursor = f"/blogs/{blog}", f"/api/blogs/{blog}/entries", quote(since)
    return {
        "page": SurfaceRequest(at, _HTML),
        "page at the entry": SurfaceRequest(f"{at}/entries/{entry}", _HTML),
        "embed": SurfaceRequest(f"{at}/embed", _HTML),
        "embed in German": SurfaceRequest(f"{at}/embed?lang=de", _HTML),
        "changes": SurfaceRequest(f"{at}/changes?since={cursor}", {}),
        "reset": SurfaceRequest(f"{at}/changes", {}),
        "markup": SurfaceRequest(f"{at}/changes?view=html", {}),
        "markup of changes": SurfaceRequest(f"{at}/changes?view=html&since={cursor}", {}),
        "entries": SurfaceRequest(f"{at}/entries", {}),
        "markup of entries": SurfaceRequest(f"{at}/entries?view=html", {}),
        "key events": SurfaceRequest(f"{at}/entries?key=true", {}),
        "entry": SurfaceRequest(f"{at}/entries/{entry}", {}),
        "atom": SurfaceRequest(f"{at}.atom", {}),
        "feed": SurfaceRequest(f"{at}.json", {}),
        "editors": SurfaceRequest(f"{editors}/{entry}", {}),
        "editors' list": SurfaceRequest(f"{editors}?limit=50", {}),
        "editors' versions": SurfaceRequest(f"{editors}/{entry}/versions?limit=50", {}),
    }
