"""Renders entries and the parts around them: one markup for pages, embeds, older pages and live updates.

The markup comes from the macros in `entry.html` and `header.html`. It depends only on their arguments, the language and
the blog's name, so an article is rendered once per version and language.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from jinja2 import Environment
from jinja2.environment import TemplateModule

from stoppress.live.items import PublicItem
from stoppress.model import Entry, Header
from stoppress.web.pages.texts import Texts
from stoppress.wire.messages import ShownEntry

KEPT_BYTES = 32 * 1024 * 1024
"""The most markup of entries that is kept. Beyond that, entries are rendered again."""

_KEPT_MODULES = 500
"""The most template modules that are kept, one per template, language and blog."""

_SLICE_SECONDS = 0.005
"""Maximum seconds for which `prepare` holds the event loop. One entry that takes longer holds it longer."""

log = logging.getLogger("stoppress.templates")


class Renderer:
    """Renders the macros of the templates in `environment`, the publisher's over ours.

    If a publisher's template fails on real content, readers get the markup of our template. The error is logged once.
    """

    def __init__(self, environment: Environment, texts: Texts) -> None:
        self._environment = environment
        self.texts = texts
        self.fallback: Environment | None = None
        """Our templates alone. Without it, errors of templates are raised: while samples are rendered."""
        self._module = lru_cache(_KEPT_MODULES)(self._make_module)
        # An item is dropped with its version, and its markup with it
        self._kept: WeakKeyDictionary[PublicItem, dict[str, ShownEntry]] = WeakKeyDictionary()
        self._size = 0
        self._reported: set[tuple[str, type[Exception]]] = set()

    def entry(self, blog: str, language: str, item: PublicItem) -> ShownEntry:
        """Return an entry with its article, rendered now if it was not rendered before."""
        kept = self._kept.setdefault(item, {})
        shown = kept.get(language)
        if shown is None:
            content: Entry = item.content
            shown = kept[language] = _shown(content, self._fill("article", blog, language, content))
            self._count(len(shown.html), item)
        return shown

    def article(self, blog: str, language: str, entry: Entry) -> str:
        """Return the article of an entry that is not published, and do not keep it. Any thread may call this."""
        return self._fill("article", blog, language, entry)

    def is_ready(self, language: str, items: Iterable[PublicItem]) -> bool:
        """Return whether the articles of all these items are rendered."""
        return all(language in self._kept.get(item, ()) for item in items)

    async def prepare(self, blog: str, language: str, items: Iterable[PublicItem]) -> None:
        """Render the articles of items in slices, so that the event loop does other work in between."""
        begun = time.perf_counter()
        for item in items:
            self.entry(blog, language, item)
            if time.perf_counter() - begun > _SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()

    def of_header(self, blog: str, language: str, header: Header | None) -> dict[str, str]:
        """Return the parts of a page that depend only on the header, by name."""
        if header is None:
            return {"title": "", "related": ""}
        return {
            "title": self._fill("title", blog, language, header),
            "related": self._fill("related_aside", blog, language, header.related),
        }

    def pinned(self, blog: str, language: str, entry: Entry | None) -> str:
        shown = entry if entry and entry.status == "published" else None
        return self._fill("pinned_aside", blog, language, shown)

    def key_events(self, blog: str, language: str, entries: Sequence[Entry]) -> str:
        return self._fill("key_events_nav", blog, language, entries)

    def pages(self, blog: str, language: str, older: str | None, *, newest: bool = True) -> str:
        """Return the links to other pages. `older` is the address of older entries."""
        return self._fill("pages_nav", blog, language, older and older.partition("?")[2], newest)

    def _fill(self, macro: str, blog: str, language: str, *values: object) -> str:
        try:
            return self._filled(self._environment, macro, blog, language, values)
        except Exception as error:  # a template can fail in any way
            if self.fallback is None:
                raise
            if (macro, type(error)) not in self._reported:
                self._reported.add((macro, type(error)))
                failed = {"template": _template_of(macro), "macro": macro, "blog": blog}
                log.error("template_failed", exc_info=error, extra=failed)
            return self._filled(self.fallback, macro, blog, language, values)

    def _filled(self, environment: Environment, macro: str, blog: str, language: str, values: Sequence[object]) -> str:
        html = str(getattr(self._module(environment, _template_of(macro), blog, language), macro)(*values))
        if macro == "article":
            _check_article(html, values[0])
        return html

    def _make_module(self, environment: Environment, template: str, blog: str, language: str) -> TemplateModule:
        said = {"t": self.texts.of(language), "home": f"/blogs/{blog}", "blog": blog}
        return environment.get_template(template).make_module(said)

    def _count(self, characters: int, item: PublicItem) -> None:
        self._size += characters
        if self._size > KEPT_BYTES:
            kept = self._kept[item]
            self._kept.clear()
            self._kept[item] = kept
            self._size = characters


def _template_of(macro: str) -> str:
    return "entry.html" if macro == "article" else "header.html"


def _shown(entry: Entry, html: str) -> ShownEntry:
    return ShownEntry(
        id=entry.id,
        seq=entry.seq,
        version=entry.version,
        status=entry.status,
        published_at=entry.published_at,
        key=bool(entry.key),
        breaking=bool(entry.breaking),
        corrected=bool(entry.corrections),
        tags=entry.tags,
        html=html,
    )


def _check_article(html: str, entry: Any) -> None:
    """Raise `ValueError` if the client could not find an entry's article in its markup."""
    for wanted in (f'id="entry-{entry.id}"', f'data-published="{entry.published_at}"'):
        if wanted not in html:
            raise ValueError(f"the macro `article` must write {wanted}")
