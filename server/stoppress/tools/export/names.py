"""Which address of the server becomes which file of an archive."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urldefrag, urlsplit

INDEX = "index.html"

_FILES = ("/static/", "/client/")
"""What a page is made of; everything else of the server stays where it is."""


class Names:
    """The files of one archive.

    Args:
        blog: the blog's name.
        origins: scheme and host of the server, as it is asked and as its pages call it; the last one is for readers.
    """

    def __init__(self, blog: str, origins: tuple[str, ...]) -> None:
        self._blog = f"/blogs/{blog}"
        self._origins = origins
        self.pages: dict[str, str] = {}
        """Pages and feeds: the file by the path with its query."""
        self.entries: dict[str, str] = {}
        """The file of the page that an entry is on."""
        self.files: dict[str, str] = {}
        """What pages are made of."""

    def path(self, address: str) -> str | None:
        """The path of an address on the server with its query; None: it is elsewhere, or in the page itself."""
        for origin in self._origins:
            if address == origin or address.startswith(f"{origin}/"):
                return address[len(origin) :] or "/"
        return address if address.startswith("/") and not address.startswith("//") else None

    def relative(self, address: str, at: str) -> str:
        """What an address in the file `at` is in the archive; what the archive does not have stays at the server."""
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
        else:
            return self._origins[-1] + path + (f"#{fragment}" if fragment else "")
        if file == at and fragment:
            return f"#{fragment}"
        return posixpath.relpath(file, posixpath.dirname(at) or ".") + (f"#{fragment}" if fragment else "")
