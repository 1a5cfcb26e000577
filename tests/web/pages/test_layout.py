"""A publisher's templates: what they can put where, and what is said of wrong ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from stoppress.errors import StartError
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.view import View
from stoppress.web.site import Site
from tests.conftest import StartNode
from tests.support.browser import OpenPage
from tests.support.page import Document
from tests.support.paths import ROOT, SERVER
from tests.support.publishing import post, send

GUIDE = ROOT / "docs" / "howto" / "put-your-own-page-around-it.md"


def write_example(folder: Path) -> None:
    """The files of the guide: each block of code begins with its file's name."""
    blocks = re.findall(r"(?ms)^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"))
    assert len(blocks) >= 2
    for name, content in blocks:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


async def test_the_example_of_the_guide_works(start_node: StartNode, tmp_path: Path):
    write_example(tmp_path / "templates")
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path / "templates"))
    await node.make_blog(headline="Talks")
    async with node.editor() as editor, httpx.AsyncClient(base_url=node.url, trust_env=False) as reader:
        await editor.post("/api/blogs/demo/entries", json={"title": "First"})
        page = Document((await reader.get("/blogs/demo")).text)
        assert (await reader.get("/")).status_code == 200
        sheets = page.links("stylesheet")
        assert len(sheets) > 1 and sheets[-1] == "/static/site/herald.css"
        for sheet in sheets:
            assert (await reader.get(sheet)).headers["content-type"].startswith("text/css")
    assert page.all("//main//article//h2/text()") == ["First"]
    text = page.tree.text_content()
    assert text.index("The Herald") < text.index("Talks are on the other channel") < text.index("All rights reserved")
    assert page.structured["@type"] == "LiveBlogPosting"


@pytest.mark.parametrize("block", ["head_extra", "masthead", "related", "footer"])
def test_each_block_can_be_filled(tmp_path: Path, block: str):
    text = f'{{% extends "stoppress/blog.html" %}}{{% block {block} %}}<p>mine</p>{{% endblock %}}'
    (tmp_path / "blog.html").write_text(text)
    html = Layout(str(tmp_path)).blog(Site("https://example.org", "x"), View("demo", "0", None, [])).decode()
    assert html.count("<p>mine</p>") == 1
    assert html.index("<p>mine</p>") < html.index("</head>") or block != "head_extra"


@pytest.mark.browser
async def test_later_entries_have_the_publishers_template(start_node: StartNode, tmp_path: Path, open_page: OpenPage):
    ours = (SERVER / "web" / "pages" / "templates" / "entry.html").read_text()
    theirs = ours.replace("{{- meta(entry) -}}", "{{- meta(entry) -}}<p class='herald'>{{ entry.seq }}</p>")
    assert theirs != ours
    (tmp_path / "entry.html").write_text(theirs)
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path))
    await node.make_blog()
    await post(node, title="Before")
    page = await open_page(node)
    await post(node, title="After")
    await expect(page.locator(".entry > .herald")).to_have_text(["3", "2"])


def write_french(folder: Path, **texts: Any) -> None:
    (folder / "languages").mkdir(exist_ok=True)
    (folder / "languages" / "fr.json").write_text(json.dumps(texts))


@pytest.mark.browser
async def test_a_publisher_adds_a_language(start_node: StartNode, tmp_path: Path, open_page: OpenPage):
    fresh = {"one": "{n} nouvelle", "other": "{n} nouvelles"}
    write_french(tmp_path, live="En direct", ended="Terminé", key="Moment clé", pause="Suspendre", fresh=fresh)
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path))
    await node.make_blog(language="fr-CA")
    page = await open_page(node)
    await expect(page.locator(".status")).to_have_text("En direct")
    await post(node, title="Avant", key=True)
    await expect(page.locator(".badge.key")).to_have_text("Moment clé")
    await page.get_by_role("button", name="Suspendre").click()
    await post(node, title="Après")
    await expect(page.get_by_role("button", name="1 nouvelle")).to_be_visible()
    await send(node, "PATCH", "", {"status": "ended"})
    await expect(page.locator(".status")).to_have_text("Terminé")
    await expect(page.get_by_text("Options")).to_be_visible()  # what is left out is said in English


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "fr.json is not valid JSON"),
        ("[]", "fr.json: the file must contain a JSON object of texts"),
        ('{"nothing": "x"}', "unknown text nothing; the names are scheduled, live,"),
        ('{"live": 1}', 'live must have the form of "Live"'),
        ('{"fresh": "x"}', 'fresh must have the form of {"one": '),
        ('{"fresh": {"few": "x"}}', 'fresh must have the form of {"one": '),
        ('{"empty": "\udcff"}', "fr.json"),
        ('{"pause": "\\ud800"}', "surrogates not allowed"),
    ],
)
def test_a_wrong_language_is_told_where_it_is_wrong(tmp_path: Path, text: str, said: str):
    write_french(tmp_path)
    (tmp_path / "languages" / "fr.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StartError) as refusal:
        Layout(str(tmp_path))
    assert f"STOPPRESS_TEMPLATES={tmp_path}" in str(refusal.value)
    assert said in str(refusal.value)


@pytest.mark.parametrize("name", ["pt-BR", "FR", "french language", ""])
def test_a_file_that_no_blog_would_find_is_refused(tmp_path: Path, name: str):
    write_french(tmp_path)
    (tmp_path / "languages" / "fr.json").rename(tmp_path / "languages" / f"{name}.json")
    with pytest.raises(StartError, match="name the file after a language"):
        Layout(str(tmp_path))


WRONG = {
    "{% block x %}": "blog.html, line 1: Unexpected end of template",
    "\n{{ x": "blog.html, line 2",
    '{% extends "nothing.html" %}': "there is no template",
    '{% extends "stoppress/blog.html" %}{% block footer %}{{ header.nothing.more }}{% endblock %}': "has no attribute",
    '{% extends "stoppress/blog.html" %}{% block footer %}{{ 1 / 0 }}{% endblock %}': "division by zero",
    '{% extends "stoppress/blog.html" %}{% block footer %}{{ header.tags[0].x.y }}{% endblock %}': "has no attribute",
    '{% extends "stoppress/blog.html" %}{% block footer %}{{ entries[2].note.x.y }}{% endblock %}': "has no attribute",
    "\udcff": "utf-8",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_template_is_told_where_it_is_wrong(tmp_path: Path, text: str):
    (tmp_path / "blog.html").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StartError) as refusal:
        Layout(str(tmp_path))
    assert f"STOPPRESS_TEMPLATES={tmp_path}" in str(refusal.value)
    assert WRONG[text] in str(refusal.value)


def test_a_directory_that_is_not_there_is_named():
    with pytest.raises(StartError, match="/nowhere: there is no such directory"):
        Layout("/nowhere")


def test_other_templates_and_words_make_other_etags(tmp_path: Path):
    ours = Layout().fingerprint
    assert Layout().fingerprint == ours
    (tmp_path / "blog.html").write_text("{% extends 'stoppress/blog.html' %}")
    prints = {ours, Layout("", "another publisher").fingerprint, Layout(str(tmp_path)).fingerprint}
    for text in ("Rien.", "Pas de cookies."):
        write_french(tmp_path, private=text)
        prints.add(Layout(str(tmp_path)).fingerprint)
    assert len(prints) == 5


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<pre><code>a &lt; b</code></pre>", "a &lt; b"),
        ("<table><tr><th>Side</th><th>Votes</th></tr><tr><td>For</td></tr></table>", "Side, Votes"),
        ("<table><tr><td>A<table><tr><td>B</td></tr></table></td></tr></table>", "AB"),
    ],
)
def test_what_is_wide_can_be_scrolled_by_the_keyboard(html: str, name: str):
    shown = Layout()._environment.from_string("{{ html | scrollable }}").render(html=f"<p>x</p>{html}<p>y</p>")
    wrapped = f'<div class="wide" tabindex="0" role="region" aria-label="{name}">{html}</div>'
    assert shown == f"<p>x</p>{wrapped}<p>y</p>"
