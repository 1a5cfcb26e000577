"""`stoppress export`: the whole blog in files, with relative links, the same to read, from a host or from a disk."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncIterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from lxml import etree
from playwright.async_api import Browser, expect

from tests.support.command import Result, invoke
from tests.support.node import RunningNode, sqlite_url
from tests.support.page import HOSTILE, Document, grammar
from tests.support.paths import SCHEMAS
from tests.support.publishing import edit, post, send

PUBLIC = "https://live.example.org"


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node with the blog `demo`: seven entries, two on a page, one of them retracted, one pinned."""
    folder = tmp_path_factory.mktemp("store")
    site = folder / "site" / "static"
    site.mkdir(parents=True)
    (site / "site.css").write_text("p { background: url('logo.svg') } b { background: url(/static/icon.svg) }")
    (site / "logo.svg").write_text("<svg/>")
    head = '<link rel="stylesheet" href="/static/site/site.css"><script type="module" src="/static/site/x.js"></script>'
    head += "<template><p>remains &#8212; <template>remains</template> &amp; remains</p></template>"
    (site.parent / "base.html").write_text(
        '{% extends "stoppress/base.html" %}{% block head_extra %}' + head + "{% endblock %}"
    )
    environ = {"NEWEST": "2", "PUBLIC_URL": PUBLIC, "PUBLISHER": "The Herald", "TEMPLATES": str(site.parent)}
    settings = {f"STOPPRESS_{name}": value for name, value in environ.items()}
    async with RunningNode(sqlite_url(folder), None, **settings) as node:
        await fill(node)
        yield node


async def fill(node: RunningNode) -> None:
    await node.make_blog(headline="Talks in Moscow", standfirst="Over.", status="ended")
    html = (
        f'<p>Quoted: src="/static/icon.svg" &amp; {HOSTILE}</p><p><a href="/blogs/demo">this</a> <a href="/x">x</a></p>'
    )
    for hour in range(1, 8):
        entry = await post(node, title=f"At {hour}", html=html, published_at=f"2020-10-09T0{hour}:00:00Z")
        if hour == 2:
            await send(node, "DELETE", f"/entries/{entry}", {"note": "Wrong."})
        if hour == 4:
            await edit(node, entry, pinned=True)


def export(node: RunningNode, folder: Path, *options: str, blog: str = "demo") -> Result:
    return invoke("export", "--url", node.url, *options, blog, str(folder))


@pytest.fixture(scope="module")
def archive(node: RunningNode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "demo"
    result = export(node, folder)
    assert result.code == 0, result.err
    assert result.out.startswith(f"Wrote {sum(one.is_file() for one in folder.rglob('*')) - 1} files to {folder}.")
    return folder


def pages(archive: Path) -> list[Path]:
    return [archive / "index.html", *sorted(archive.glob("page-*.html"))]


def test_it_has_every_entry_once_as_the_server_shows_it(node: RunningNode, archive: Path):
    assert [page.name for page in pages(archive)] == ["index.html", "page-2.html", "page-3.html"]
    shown = [
        article.text_content() for page in pages(archive) for article in Document(page.read_text()).all("//article")
    ]
    served, path = [], "/blogs/demo"
    while path:
        document = Document(httpx.get(node.url + path, trust_env=False).text)
        served += [article.text_content() for article in document.all("//article")]
        path = next(iter(document.links("next")), "")
    assert shown == served
    assert len(shown) == 7 and "Wrong." in shown[5]
    assert 'src="/static/icon.svg"' in shown[0]


def test_every_link_is_relative_and_leads_to_a_file_and_a_place_that_are_there(archive: Path):
    for file in archive.rglob("*.html"):
        document = Document(file.read_text())
        addresses = [str(one) for one in document.all("//@href | //@src | //meta[@property='og:url']/@content")]
        assert addresses
        for address in addresses:
            if address in (f"{PUBLIC}/x", "data:,"):
                continue  # no icon; an editor's own link to a page that is not the blog's stays where it was
            assert not urlsplit(address).scheme and not address.startswith("/"), (file, address)
            path, _, fragment = urljoin(file.as_uri(), address).removeprefix("file://").partition("#")
            assert Path(path).is_file(), (file, address)
            if fragment:
                assert Document(Path(path).read_text()).all(f"//*[@id='{fragment}']"), (file, address)


def test_it_names_the_server_nowhere_and_runs_no_script(node: RunningNode, archive: Path):
    for file in archive.rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert node.url not in text
            assert PUBLIC not in text.replace(f"{PUBLIC}/x", "").replace(f'"{PUBLIC}/"', ""), file
    documents = [Document(page.read_text()) for page in pages(archive)]
    assert {script.get("type") for page in documents for script in page.all("//script")} == {"application/ld+json"}
    assert not any(page.all("//template") for page in documents)
    assert not any("remains" in page.read_text() or "&#8212;" in page.read_text() for page in pages(archive))


def test_structured_data_and_feeds_lead_into_the_archive(archive: Path):
    data = Document((archive / "index.html").read_text()).structured
    assert data["url"] == "index.html"
    assert re.fullmatch("#entry-[0-9a-f-]{36}", data["liveBlogUpdate"][0]["url"])
    rules = grammar(str(SCHEMAS / "atom.rng"))
    links, tombstones = [], 0
    for file in sorted(archive.glob("feed*.atom")):
        feed = etree.parse(file)
        assert rules.validate(feed), rules.error_log
        links += feed.xpath("//a:entry/a:link/@href", namespaces={"a": "http://www.w3.org/2005/Atom"})
        tombstones += len(feed.xpath("//*[local-name() = 'deleted-entry']"))
    assert (len(links), tombstones) == (6, 1)
    items, name = [], "feed.json"
    while name:
        document = json.loads((archive / name).read_text())
        items += document["items"]
        name = document.get("next_url", "")
    assert len(items) == 7
    for link in [*links, *(item["url"] for item in items)]:
        file, _, fragment = link.partition("#")
        assert Document((archive / file).read_text()).all(f"//article[@id='{fragment}']")


def test_style_sheets_and_what_they_name_come_along(archive: Path):
    style = (archive / "static" / "site" / "site.css").read_text()
    assert style == "p { background: url('logo.svg') } b { background: url(../icon.svg) }"
    assert (archive / "static" / "site" / "logo.svg").read_text() == "<svg/>"
    assert (archive / "static" / "icon.svg").is_file() and (archive / "static" / "stoppress.css").is_file()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["http", "file"])
async def test_it_can_be_read_in_a_browser_from_anywhere(browser: Browser, archive: Path, scheme: str):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(archive.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = archive.as_uri() if scheme == "file" else f"http://127.0.0.1:{server.server_port}/demo"
        page = await (await browser.new_context()).new_page()
        failed: list[str] = []
        page.on("requestfailed", lambda one: failed.extend([one.url] * (one.failure != "net::ERR_ABORTED")))
        page.on("console", lambda message: failed.append(message.text))
        await page.goto(f"{base}/index.html")
        await expect(page.locator("article h2")).to_have_text(["At 7", "At 6"])
        await page.get_by_role("link", name="Older updates").click()
        await expect(page.locator("article h2")).to_have_text(["At 5", "At 4"])
        entry = (await page.locator("article").nth(1).get_attribute("id") or "").removeprefix("entry-")
        await page.goto(f"{base}/entries/{entry}.html", wait_until="commit")  # it goes on by itself
        await page.wait_for_url(f"{base}/page-2.html#entry-{entry}")
        await page.get_by_role("link", name="Newest updates").click()
        await page.locator("aside.pinned a").click()
        await page.wait_for_url(f"{base}/page-2.html#entry-{entry}")
        assert failed == []
        server.shutdown()


# The directory


def test_what_is_there_is_left_alone(node: RunningNode, tmp_path: Path):
    (tmp_path / "diary.txt").write_text("Dear diary")
    assert export(node, tmp_path).code == 2
    result = export(node, tmp_path, "--force")
    assert result.code == 2
    assert "is not an archive of a blog, so --force does not replace it" in result.error
    assert [one.name for one in tmp_path.iterdir()] == ["diary.txt"]


def test_an_archive_is_replaced_only_by_force(node: RunningNode, tmp_path: Path):
    target = tmp_path / "demo"
    target.mkdir()
    assert export(node, target).code == 0
    (target / "index.html").write_text("old")
    result = export(node, target)
    assert (result.code, (target / "index.html").read_text()) == (2, "old")
    assert "replace an archive with --force" in result.error
    assert export(node, target, "--force").code == 0
    assert "Talks in Moscow" in (target / "index.html").read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize(
    ("url", "blog", "code", "said"),
    [
        *(("{}", blog, 1, f"Blog {blog!r} does not exist") for blog in ("nowhere", "a/b", "..")),
        *((url, "demo", code, url) for url, code in (("http://127.0.0.1:1", 1), ("nonsense", 2), ("http://[::1", 2))),
    ],
)
def test_a_failure_leaves_nothing(node: RunningNode, tmp_path: Path, url: str, blog: str, code: int, said: str):
    result = invoke("export", "--url", url.format(node.url), blog, str(tmp_path / "x"))
    assert result.code == code
    assert said in result.error
    assert list(tmp_path.iterdir()) == []


async def test_a_private_blog_is_exported_with_a_key_only(node: RunningNode, tmp_path: Path):
    await node.make_blog("closed", headline="For subscribers", access="token")
    result = export(node, tmp_path / "closed", blog="closed")
    assert result.code == 1
    assert "blog closed is private; give an API key that may read it as STOPPRESS_API_KEY" in result.err
    result = export(node, tmp_path / "closed", "--api-key", node.key, blog="closed")
    assert result.code == 0, result.err
    assert "For subscribers" in (tmp_path / "closed" / "index.html").read_text()
    async with node.editor() as editor:
        assert (await editor.delete("/api/blogs/closed")).status_code == 204
