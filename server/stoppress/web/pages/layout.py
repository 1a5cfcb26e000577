"""The templates: ours, and those that a publisher puts over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from markupsafe import Markup

from stoppress import __version__
from stoppress.errors import StartError
from stoppress.model import Entry, Header, Link, Media
from stoppress.web.pages.assets import Assets
from stoppress.web.pages.embeds import SITES, frame_of
from stoppress.web.pages.head import describe, describe_index
from stoppress.web.pages.macros import Exporter, Macros, said
from stoppress.web.pages.samples import ENTRIES, MOMENT, header
from stoppress.web.pages.texts import SAID_LIVE, Texts, direction_of
from stoppress.web.pages.view import Pointer, Row, View
from stoppress.web.site import Site

SHARED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "entry.html": {
        "article": {"entry": Entry},
        "frame": {"address": str, "title": str, "url": str},
    },
    "header.html": {
        "title": {"header": Header},
        "pinned_aside": {"entry": Pointer},
        "key_events_nav": {"entries": list[Pointer]},
        "related_aside": {"related": list[Link]},
        "pages_nav": {"older": str, "newest": bool},
    },
}
"""The macros that browsers fill, by their templates, with what they are given."""


class Layout:
    """Renders pages.

    A publisher's template replaces ours of the same name; it may extend ours, which is also `stoppress/NAME`.

    Args:
        folder: the publisher's templates; empty: there are none.
        identity: what else the pages of this server depend on.

    Raises:
        StartError: the folder cannot be read, or a file in it is wrong; the message says which, and where.
    """

    def __init__(self, folder: str = "", identity: str = "") -> None:
        ours = PackageLoader("stoppress.web.pages")
        loaders: list[BaseLoader] = [ours, PrefixLoader({"stoppress": ours})]
        if folder:
            if not Path(folder).is_dir():
                raise StartError(f"STOPPRESS_TEMPLATES={folder}: there is no such directory")
            loaders.insert(0, FileSystemLoader(folder))
        self._loader = ChoiceLoader(loaders)
        self.assets = Assets()
        """The JavaScript client."""
        self.environment = Environment(
            loader=self._loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=said
        )
        self.environment.code_generator_class = Exporter
        self.texts = _texts(folder)
        """What the pages say by themselves."""
        self.environment.globals |= {
            "assets": self.assets,
            "direction_of": direction_of,
            "texts_of": self.texts.of,
        }
        self.environment.filters |= {
            "data": _data,
            "frame": _frame,
            "safe": _safe,
            "updated": _updated,
            "utc": _utc,
            "web": _web,
        }
        self.fillings: dict[str, str] = {}
        """What browsers need to show by themselves what will be published, in JSON, by language."""
        self.static = Path(folder, "static") if folder and Path(folder, "static").is_dir() else None
        """What the publisher's templates refer to as `/static/site/...`."""
        self.fingerprint = self._try(folder, identity)
        """What pages depend on beside a blog: another server with the same has the same pages."""

    def blog(self, site: Site, view: View) -> bytes:
        """A page of a blog."""
        language = view.header.language if view.header else None
        return self._blog(view, language, home=f"/blogs/{view.blog}", head=describe(site, view))

    def embed(self, site: Site, view: View, language: str) -> bytes:
        """What another site's page shows of a blog, with addresses that lead here.

        Args:
            language: that it speaks, of those that `texts` has.
        """
        return self._blog(view, language, home=site.blog(view.blog), embedded=True)

    def gone(self, language: str) -> bytes:
        """What another site's page shows of a blog that is not there."""
        return self.render("embed.html", t=self.texts.of(language))

    def render(self, template: str, **values: object) -> bytes:
        return self.environment.get_template(template).render(**values).encode()

    def _blog(self, view: View, language: str | None, **values: object) -> bytes:
        spoken = self.texts.language(language)
        said = {"t": self.texts.of(spoken), "macros": self.fillings[spoken]}
        return self.render("blog.html", **said, **view.values(), **values)

    def _filling(self, language: str) -> str:
        texts = self.texts.of(language)
        macros = Macros(self.environment, texts)
        compiled = {name: macros.compiled(file, name, given) for file in SHARED for name, given in SHARED[file].items()}
        said = {name: texts[name] for name in SAID_LIVE}
        return json.dumps({**compiled, "texts": said, "sites": SITES}, ensure_ascii=False, separators=(",", ":"))

    def _try(self, folder: str, identity: str) -> str:
        """Read every template and make a page of each kind; what fails, fails at the start."""
        files = f"{self.assets.script('page').address} {self.assets.style_sheet}"
        digest = hashlib.sha256(f"{__version__} {identity} {files}".encode())
        try:
            self.fillings = {language: self._filling(language) for language in self.texts.languages()}
            for name in self.environment.list_templates(["html"]):
                self.environment.get_template(name)
                digest.update(self._loader.get_source(self.environment, name)[0].encode())
            texts = {language: self.texts.of(language) for language in self.texts.languages()}
            digest.update(json.dumps([texts, self.fillings]).encode())
            self._make_samples()
        except Exception as error:  # a template can fail in any way
            raise StartError(_explain(folder, error)) from None
        return digest.hexdigest()[:8]

    def _make_samples(self) -> None:
        site = Site("https://example.org", "Example")
        for language in self.texts.languages():
            full = View("sample", "0", header(language), ENTRIES, pinned=ENTRIES[0], key_events=ENTRIES[:1])
            for view in (full, View("sample", "0", None, [], newest=False)):
                self.blog(site, view)
                self.embed(site, view, language)
            self.gone(language)
        rows = [Row(header("en"), 1, MOMENT)]
        self.render("index.html", rows=rows, older=None, newer=None, head=describe_index(site))
        self.render("problem.html", title="Not Found", detail="There is nothing here.")


def _texts(folder: str) -> Texts:
    try:
        return Texts(Path(folder, "languages") if folder else None)
    except (OSError, ValueError) as error:
        raise StartError(f"STOPPRESS_TEMPLATES={folder}: {error}") from None


def _data(text: str) -> Markup:
    """Text between two tags, where quotes mean nothing."""
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;"))  # noqa: S704


def _frame(media: Media | None) -> object:
    return frame_of(media.url) if media and media.type == "embed" else None


def _safe(html: str | None) -> Markup:
    return Markup(html or "")  # noqa: S704, what it is applied to was made safe


def _updated(entry: Entry) -> str | None:
    """When it was updated, if that was after its publication."""
    return entry.updated_at if (entry.updated_at or "") > (entry.published_at or "") else None


def _utc(at: str | None) -> str:
    return f"{at[:16].replace('T', ' ', 1)} UTC" if at else ""


def _web(address: str | None) -> str:
    """Addresses are http(s) already where they are stored; this is the second lock."""
    return address if address and address.lower().startswith(("http:", "https:")) else ""


def _explain(folder: str, error: Exception) -> str:
    """Where a template is wrong and how, in one line."""
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    place = f"{folder}/{name}" if name else folder
    kind = "there is no template" if type(error).__name__ == "TemplateNotFound" else "a template is wrong"
    return f"STOPPRESS_TEMPLATES={folder}: {kind}: {place}{f', line {line}' if line else ''}: {error}"
