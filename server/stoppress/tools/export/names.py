"""Map addresses of the server to files of an archive."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urldefrag, urlsplit

from stoppress.model import MEDIA_FILE

INDEX = "index.html"

_FILES = ("/static/", "/client/")
"""Paths of files that pages need. Links to all other paths still lead to the server."""


class Names:
    """The files of one archive.

    Args:
        blog: the blog's name.
        origins: scheme and host of the server, as this command and as its pages use them; the last one is public.
    """

    def __init__(self, blog: str, origins: tuple[str, ...]) -> None:
        self._blog = f"/blogs/{blog}"
        self._origins = origins
        self.pages: dict[str, str] = {}
        """The files of pages and feeds, by path with query."""
        self.entries: dict[str, str] = {}
        """The file of each entry's page, by the entry's id."""
        self.files: dict[str, str] = {}
        """The files that pages need, by path."""

    def path(self, address: str) -> str | None:
        """Return the path and query of an address; None if it is on another server or in the page itself."""
        for origin in self._origins:
            if address == origin or address.startswith(f"{origin}/"):
                return address[len(origin) :] or "/"
        return address if address.startswith("/") and not address.startswith("//") else None

    def relative(self, address: str, at: str) -> str:
        """Return the new form of an address in the file `at`. Links to other pages lead to the server."""
        scheme = self._origins[-1].partition("/")[0]
        address = re.sub(r"^\s*[/\\]{2,}", f"{scheme}//", address)  # browsers would take the scheme of the archive
        path = self.path(address)
        if path is None:
            return address
        path, fragment = urldefrag(path)
        entry = re.fullmatch(rf"{re.escape(self._blog)}/entries/([0-9a-f-]{{36}})", path)
        if entry and entry[1] in self.entries:
            file, fragment = self.entries[entry[1]], f"entry-{entry[1]}"
        elif path in self.pages:
            file = self.pages[path]
        elif (file_path := urlsplit(path).path).startswith(_FILES):
            file = self.files[file_path] = file_path[1:]
        elif re.fullmatch(f"{re.escape(self._blog)}/media/{MEDIA_FILE}", file_path):
            file = self.files[file_path] = f"media/{posixpath.basename(file_path)}"
        else:
            return self._origins[-1] + path + (f"#{fragment}" if fragment else "")
        if file == at and fragment:
            return f"#{fragment}"
        return posixpath.relpath(file, posixpath.dirname(at) or ".") + (f"#{fragment}" if fragment else "")
