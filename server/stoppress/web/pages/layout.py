"""The templates: ours, and a publisher's templates that replace them."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

from stoppress import __version__
from stoppress.errors import StartError
from stoppress.model import Entry, Media
from stoppress.newsroom.embeds import frame_of
from stoppress.newsroom.rendering import RIGHT_TO_LEFT
from stoppress.web.pages.assets import Assets
from stoppress.web.pages.head import describe, describe_index
from stoppress.web.pages.markup import Renderer
from stoppress.web.pages.samples import ROWS, sample_views
from stoppress.web.pages.texts import SAID_LIVE, Texts, direction_of
from stoppress.web.pages.view import View, shortened
from stoppress.web.site import Site

_WIDE = re.compile(r"<(/?)(?:pre|table)\b[^>]*>")


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
        self._loader: BaseLoader = ours
        if folder:
            if not Path(folder).is_dir():
                raise StartError(f"STOPPRESS_TEMPLATES={folder}: there is no such directory")
            self._loader = ChoiceLoader([FileSystemLoader(folder), ours, PrefixLoader({"stoppress": ours})])
        static = Path(folder, "static")
        self.assets = Assets(site=static if folder and static.is_dir() else None)
        try:
            self.texts = Texts(Path(folder, "languages") if folder else None)
        except (OSError, ValueError) as error:
            raise StartError(f"STOPPRESS_TEMPLATES={folder}: {error}") from None
        self._environment = self._make_environment(self._loader)
        self.renderer = Renderer(self._environment, self.texts)
        """Renders entries and the parts around them."""
        self.fingerprint = self._try(folder, identity)
        """A digest of all else that pages depend on. Servers with the same digest have the same pages."""
        self.renderer.fallback = self._make_environment(ours)

    def _make_environment(self, loader: BaseLoader) -> Environment:
        # Templates are read once: a server that goes on with old pages does not mix them with new ones
        environment = Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_said, auto_reload=False
        )
        environment.code_generator_class = _Exporter
        environment.globals |= {"assets": self.assets, "direction_of": direction_of, "texts_of": self.texts.of}
        environment.filters |= {
            "auto": _auto,
            "scrollable": _scrollable,
            "focus": _focus,
            "frame": _frame,
            "safe": _safe,
            "srcsets": _srcsets,
            "updated": _updated,
            "utc": _utc,
            "web": _web,
        }
        return environment

    def blog(self, site: Site, view: View) -> bytes:
        """Render a page of a blog."""
        language = self.texts.language(view.header.language if view.header else None)
        return self._blog(view, language, head=describe(site, view))

    def embed(self, view: View, language: str) -> bytes:
        """Render what a page of another site shows of a blog. Its addresses are root-relative, as on this server."""
        return self._blog(view, language, embedded=True)

    def gone(self, language: str) -> bytes:
        """Render what a page of another site shows of a blog that does not exist."""
        return self.render("embed.html", t=self.texts.of(language))

    def render(self, template: str, **values: object) -> bytes:
        return self._environment.get_template(template).render(**values).encode()

    def _blog(self, view: View, spoken: str, **values: object) -> bytes:
        blog, make, texts = view.blog, self.renderer, self.texts.of(spoken)
        parts = {
            "entries": "".join([make.entry(blog, spoken, item).html for item in view.items]),
            **make.of_header(blog, spoken, view.header),
            "pinned": make.pinned(blog, spoken, view.pinned),
            "key-events": make.key_events(blog, spoken, view.key_events),
            "pages": make.pages(blog, spoken, view.older, newest=view.newest),
        }
        said = json.dumps({name: texts[name] for name in SAID_LIVE}, ensure_ascii=False, separators=(",", ":"))
        values |= {
            "t": texts,
            "home": f"/blogs/{blog}",
            "newest": view.newest,
            "language": view.header.language if view.header else None,
            "spoken": spoken,
            "said": Markup(html.escape(said, quote=False)),  # noqa: S704, it is escaped
            "parts": {name: Markup(part) for name, part in parts.items()},  # noqa: S704, templates have made them
        }
        return self.render("blog.html", **view._asdict(), **values)

    def _try(self, folder: str, identity: str) -> str:
        """Load every template and render a page of each kind, so that errors appear at the start. Return the digest."""
        files = f"{self.assets.script('page').address} {self.assets.style_sheet}"
        digest = hashlib.sha256(f"{__version__} {identity} {files}".encode())
        try:
            for name in self._environment.list_templates(["html"]):
                self._environment.get_template(name)
                digest.update(self._loader.get_source(self._environment, name)[0].encode())
            texts = {language: self.texts.of(language) for language in self.texts.languages}
            digest.update(json.dumps(texts, ensure_ascii=False).encode())
            self._render_samples()
        except Exception as error:  # a template can fail in any way
            raise StartError(_explain(folder, error)) from None
        return digest.hexdigest()[:8]

    def _render_samples(self) -> None:
        site = Site("https://example.org", "Example")
        for language in self.texts.languages:
            for view in sample_views(language):
                self.blog(site, view)
                self.embed(view, language)
            self.gone(language)
        self.render("index.html", rows=ROWS, older=None, newer=None, head=describe_index(site))
        self.render("problem.html", title="Not Found", detail="There is nothing here.")


class _Exporter(CodeGenerator):
    """Jinja's, but templates also export what they import, so that a publisher's template can replace ours."""

    def visit_FromImport(self, node: nodes.FromImport, frame: Frame) -> None:  # noqa: N802, Jinja's name
        super().visit_FromImport(node, frame)
        if frame.toplevel:
            names = [name if isinstance(name, str) else name[1] for name in node.names]
            self.writeline(f"context.exported_vars.update({names!r})")


def _said(value: object) -> object:
    """Return what a template writes for a value: nothing for one that is not set."""
    return "" if value is None or value is False else "true" if value is True else value


def _frame(media: Media | None) -> object:
    return frame_of(media.url) if media and media.type == "embed" else None


def _srcsets(media: Media) -> list[tuple[str, str]]:
    """Return the sources of an image by type, as `srcset` has them. No comma in an address can end one."""
    by_type: dict[str, list[str]] = {}
    for one in media.sources:
        by_type.setdefault(one.type, []).append(f"{one.url.replace(',', '%2C')} {one.width}w")
    return [(kind, ", ".join(candidates)) for kind, candidates in by_type.items()]


def _focus(media: Media) -> Markup:
    """Return the attributes that say which point of a cropped image to show, in tenths, as the style sheet has them."""
    if media.focus is None:
        return Markup("")
    return Markup(' data-focus-x="{}" data-focus-y="{}"').format(*(round(10 * share) for share in media.focus))


def _auto(text: str | None) -> Markup:
    """Return the attribute `dir` for a text that may have another direction than the page; most texts need none."""
    return Markup(' dir="auto"' if RIGHT_TO_LEFT.search(text or "") else "")  # noqa: S704, it is ours


def _safe(html: str | None) -> Markup:
    return Markup(html or "")  # noqa: S704, what it is applied to was made safe


def _scrollable(html: str | None) -> Markup:
    """Return a body in which the keyboard can scroll tables and preformatted text. Each gets a part with a name."""
    pieces, depth, done, html = [], 0, 0, html or ""
    for tag in _WIDE.finditer(html):
        depth -= bool(tag[1])
        if depth == 0:
            end = tag.end() if tag[1] else tag.start()
            pieces.append(_named(html[done:end]) if tag[1] else html[done:end])
            done = end
        depth += not tag[1]
    return _safe("".join(pieces) + html[done:])


def _named(html: str) -> str:
    """Wrap a table or preformatted text. It is called like its columns, or like it begins."""
    words = ", ".join(re.findall("<th\\b[^>]*>(.*?)</th>", html, re.DOTALL)) or html
    name = escape(shortened(Markup(words).striptags(), 60))  # noqa: S704, it is escaped afterwards
    return f'<div class="wide" tabindex="0" role="region" aria-label="{name}">{html}</div>'


def _updated(entry: Entry) -> str | None:
    """Return when an entry was updated, if that was after its publication."""
    return entry.updated_at if (entry.updated_at or "") > (entry.published_at or "") else None


def _utc(at: str | None) -> str:
    return f"{at[:16].replace('T', ' ', 1)} UTC" if at else ""


def _web(address: str | None) -> str:
    """Return an http(s) address, and nothing for others. Stored addresses are checked; this check is the second one."""
    return address if address and address.lower().startswith(("http:", "https:")) else ""


def _explain(folder: str, error: Exception) -> str:
    """Say in one line where a template is wrong, and how."""
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    place = f"{folder}/{name}" if name else folder
    kind = "there is no template" if type(error).__name__ == "TemplateNotFound" else "a template is wrong"
    return f"STOPPRESS_TEMPLATES={folder}: {kind}: {place}{f', line {line}' if line else ''}: {error}"
