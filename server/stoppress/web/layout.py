"""The templates: ours, and those that a publisher puts over them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader

from stoppress import __version__
from stoppress.errors import StartError
from stoppress.model import Entry, Header
from stoppress.web.assets import Assets
from stoppress.web.embeds import frame_of
from stoppress.web.head import describe, describe_index
from stoppress.web.site import Site
from stoppress.web.texts import around, texts_of
from stoppress.web.view import Row, View

SAMPLE_ID = "00000000-0000-7000-8000-000000000000"


class Layout:
    """Renders pages.

    A publisher's template replaces ours of the same name; it may extend ours, which is also `stoppress/NAME`.

    Args:
        folder: the publisher's templates; empty: there are none.
        identity: what else the pages of this server depend on.

    Raises:
        StartError: the folder cannot be read, or a template in it is wrong; the message says which, and where.
    """

    def __init__(self, folder: str = "", identity: str = "") -> None:
        ours = PackageLoader("stoppress.web")
        loaders: list[BaseLoader] = [ours, PrefixLoader({"stoppress": ours})]
        if folder:
            if not Path(folder).is_dir():
                raise StartError(f"STOPPRESS_TEMPLATES={folder}: there is no such directory")
            loaders.insert(0, FileSystemLoader(folder))
        self._loader = ChoiceLoader(loaders)
        self.assets = Assets()
        """The JavaScript client."""
        self._environment = Environment(loader=self._loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._environment.globals |= {
            "around": around,
            "assets": self.assets,
            "frame_of": frame_of,
            "texts_of": texts_of,
        }
        self.static = Path(folder, "static") if folder and Path(folder, "static").is_dir() else None
        """What the publisher's templates refer to as `/static/site/...`."""
        self.fingerprint = self._try(folder, identity)
        """What pages depend on beside a blog: another server with the same has the same pages."""

    def blog(self, site: Site, view: View) -> bytes:
        """A page of a blog."""
        return self.render("blog.html", head=describe(site, view), **view.values())

    def render(self, template: str, **values: object) -> bytes:
        return self._environment.get_template(template).render(**values).encode()

    def _try(self, folder: str, identity: str) -> str:
        """Read every template and make a page of each kind; what fails, fails at the start."""
        files = f"{self.assets.script('page').address} {self.assets.style_sheet}"
        digest = hashlib.sha256(f"{__version__} {identity} {files}".encode())
        try:
            for name in self._environment.list_templates(["html"]):
                self._environment.get_template(name)
                digest.update(self._loader.get_source(self._environment, name)[0].encode())
            self._make_samples()
        except Exception as error:  # a template can fail in any way
            raise StartError(_explain(folder, error)) from None
        return digest.hexdigest()[:8]

    def _make_samples(self) -> None:
        site = Site("https://example.org", "Example")
        header = Header(blog="sample", headline="Sample", status="live")
        moment = "2020-10-09T06:12:00.000Z"
        entry = Entry(id=SAMPLE_ID, version=1, status="published", title="Sample", html="<p>x</p>", published_at=moment)
        for view in (View("sample", "0", header, [entry]), View("sample", "0", None, [])):
            self.blog(site, view)
        self.render("index.html", rows=[Row(header, 1, moment)], older=None, newer=None, head=describe_index(site))
        self.render("problem.html", title="Not Found", detail="there is nothing here")


def _explain(folder: str, error: Exception) -> str:
    """Where a template is wrong and how, in one line."""
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    place = f"{folder}/{name}" if name else folder
    kind = "there is no template" if type(error).__name__ == "TemplateNotFound" else "a template is wrong"
    return f"STOPPRESS_TEMPLATES={folder}: {kind}: {place}{f', line {line}' if line else ''}: {error}"
