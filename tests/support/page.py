"""Parse the HTML of pages for tests."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree, html

HOSTILE = "</script ><script >alert(1)</script ><!-- ]]> & \u2028"
"""A text that must not get out of wherever it is put."""


class Document:
    """A page, parsed as a browser would."""

    def __init__(self, text: str) -> None:
        self.tree = html.document_fromstring(text)

    def all(self, path: str) -> list[Any]:
        return list(self.tree.xpath(path))

    def links(self, rel: str) -> list[str]:
        return [str(link.get("href")) for link in self.all(f"//head/link[@rel='{rel}']")]

    def meta(self, name: str) -> str | None:
        found = self.all(f"//head/meta[@name='{name}' or @property='{name}']/@content")
        assert len(found) < 2, f"{name} is there more than once"
        return str(found[0]) if found else None

    @property
    def structured(self) -> dict[str, Any]:
        """The structured data; there is one block of it."""
        (block,) = self.all("//script[@type='application/ld+json']")
        return dict(json.loads(block.text))


def grammar(path: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(path))
