"""The markup of entries: the publisher's templates with all of Jinja, the same everywhere, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any
from weakref import ref

import httpx
import msgspec
import pytest
from lxml import etree, html
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from stoppress.errors import StartError
from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Entry, Item, Media
from stoppress.web.pages import markup
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.markup import Renderer
from tests.conftest import StartNode
from tests.support.event_stream import listening, upcoming
from tests.support.history import History, entry, header
from tests.support.page import HOSTILE, Document
from tests.support.publishing import post

HTML = Subprotocol("stoppress.v1+html")

PARTS = """{% macro tags_of(tags) -%}
{% for tag in tags | sort(reverse=true) %}<i>{{ loop.index }} {{ tag | upper }}</i>{% else %}<i>none</i>{% endfor %}
{%- endmacro %}"""

ENTRY = """{% from "stoppress/entry.html" import byline, figure, link, moment, said_with_time, tag_list with context %}
{% from "parts.html" import tags_of %}
{% macro article(entry) -%}
{% set words = (entry.text or "").split() %}
<article class="entry" id="entry-{{ entry.id }}" tabindex="0" data-published="{{ entry.published_at }}">
  <h2 part="entry-title">{{ entry.title | default("Untitled", true) | truncate(9) }}, {{ words | length }} words</h2>
  {{- tags_of(entry.tags) -}}
</article>
{%- endmacro %}"""

IMPORTS = '{% from "stoppress/entry.html" import byline, figure, link, moment, said_with_time, tag_list with context %}'


def write(folder: Path, **templates: str) -> str:
    for name, text in templates.items():
        (folder / f"{name}.html").write_text(text)
    return str(folder)


def canonical(text: str) -> str:
    """One article as a browser has it."""
    return str(etree.tostring(html.fromstring(text), encoding="unicode", with_tail=False))


def article_of(page: str, entry_id: str) -> str:
    (article,) = Document(page).all(f"//article[@id='entry-{entry_id}']")
    return str(etree.tostring(article, encoding="unicode", with_tail=False))


async def test_a_template_with_all_of_jinja_makes_the_same_markup_everywhere(start_node: StartNode, tmp_path: Path):
    templates = tmp_path / "templates"
    templates.mkdir()
    node = await start_node(STOPPRESS_NEWEST="1", STOPPRESS_TEMPLATES=write(templates, entry=ENTRY, parts=PARTS))
    await node.make_blog()
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as reader:
        before = (await reader.get("/blogs/demo/changes")).json()["cursor"]
        address = f"{node.websocket_url}/blogs/demo/live?since={before}&lang=en"
        async with connect(address, subprotocols=[HTML]) as line:
            await line.recv()
            entry = await post(node, title=f"Talks {HOSTILE}", markdown="One two", tags=["a", "b"])
            live = json.loads(await line.recv())
        query, address = {"view": "html", "lang": "en"}, f"/blogs/demo/changes?since={before}"
        async with listening(reader, "demo", since=before, **query) as events:
            update = (await upcoming(events)).json()
        shown = {
            "WebSocket": live["entries"][0]["html"],
            "events": update["entries"][0]["html"],
            "changes": (await reader.get(address, params=query)).json()["entries"][0]["html"],
            "one entry": (await reader.get(f"/blogs/demo/entries/{entry}", params=query)).json()["html"],
        }
        pages = {
            "page": (await reader.get("/blogs/demo")).text,
            "embed": (await reader.get("/blogs/demo/embed?lang=en")).text,
        }
        await post(node, title="Another")
        older = (await reader.get("/blogs/demo/changes", params=query)).json()["older"]
        shown["older page"] = (await reader.get(older)).json()["entries"][0]["html"]
        pages["page further down"] = (await reader.get(older.replace("/entries", ""))).text
    found = {name: canonical(text) for name, text in shown.items()}
    found |= {name: article_of(text, entry) for name, text in pages.items()}
    assert "Talks..., 2 words" in found["page"] and "<i>1 B</i><i>2 A</i>" in found["page"]
    assert set(found.values()) == {found["page"]}, found


FAILING = {
    "an error": "{{ 1 // (0 if entry.title == 'boom' else 1) }}",
    "something that is not there": "{{ (none if entry.title == 'boom' else entry).title.x }}",
    "no article": "{% if entry.title == 'boom' %}{% set gone = true %}{% endif %}",
}


def failing(inside: str) -> str:
    start = '<article class="theirs" id="entry-{{ entry.id }}" data-published="{{ entry.published_at }}">'
    guard = "{% if entry.title != 'boom' %}", "{% endif %}"
    opening = f"{guard[0]}{start}{guard[1]}" if "gone" in inside else start
    return f"{IMPORTS}{{% macro article(entry) -%}}{opening}{inside}</article>{{%- endmacro %}}"


@pytest.mark.parametrize("inside", FAILING.values(), ids=FAILING)
def test_where_a_template_fails_with_an_entry_ours_is_shown_and_it_is_logged_once(tmp_path: Path, caplog, inside: str):
    renderer = Layout(write(tmp_path, entry=failing(inside))).renderer
    line = History()
    line.commit(header(), *(Entry(**{**fields(n), "title": "boom"}) for n in (1, 2)), Entry(**fields(3)))
    replica = replica_of(line)
    with caplog.at_level(logging.ERROR):
        shown = [renderer.entry("demo", "en", item).html for item in reversed(replica.page(None, 3)[0])]
    assert ["theirs" in html for html in shown] == [False, False, True]
    assert all("boom" in html for html in shown[:2])
    assert len([record for record in caplog.records if record.name == "stoppress.templates"]) == 1


def test_where_a_template_fails_around_the_entries_readers_get_ours(tmp_path: Path, caplog):
    ours = (
        "{% from 'stoppress/header.html' import key_events_nav, pages_nav, pinned_aside, related_aside with context %}"
    )
    theirs = "{% macro title(header) %}<p>{{ 1 // (header.headline | length - 4) }}</p>{% endmacro %}"
    renderer = Layout(write(tmp_path, header=ours + theirs)).renderer
    assert "<p>0</p>" in renderer.of_header("demo", "en", header("headline"))["title"]
    assert "<h1" in renderer.of_header("demo", "en", header("four"))["title"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% macro article(entry) %}<article></article>{% endmacro %}", "the macro `article` must write id="),
        ("{% macro article(entry) %}{{ entry.nothing.more }}{% endmacro %}", "has no attribute"),
        ("", "has no attribute 'article'"),
    ],
)
def test_an_article_that_cannot_be_followed_is_refused_at_the_start(tmp_path: Path, text: str, said: str):
    with pytest.raises(StartError) as refusal:
        Layout(write(tmp_path, entry=IMPORTS + text))
    assert said in str(refusal.value)


def fields(number: int) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(entry(number))
    return made


def replica_of(line: History) -> Replica:
    replica = Replica("demo")
    replica.absorb(line.read())
    return replica


def test_an_article_is_made_once_for_each_language_and_goes_with_its_version():
    renderer, line = Layout().renderer, History()
    line.commit(header(), entry(1, text="secret"))
    replica = replica_of(line)
    (item,) = replica.page(None, 1)[0]
    english = renderer.entry("demo", "en", item)
    assert renderer.entry("demo", "en", item) is english
    assert renderer.entry("demo", "de", item) is not english
    assert renderer.is_ready("en", [item])
    gone = ref(item)
    del item
    retracted = Entry(**{**fields(1), "status": "retracted"})
    replica.apply(line.commit(retracted))
    assert gone() is None


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(markup, "KEPT_BYTES", 10_000)
    renderer, line = Layout().renderer, History()
    line.commit(header(), *(entry(n) for n in range(40)))
    replica = replica_of(line)
    items = replica.page(None, 40)[0]
    size = len(renderer.entry("demo", "en", items[0]).html)
    for item in items:
        renderer.entry("demo", "en", item)
        assert sum(renderer.is_ready("en", [one]) for one in items) * size <= 10_000 + size
    assert not renderer.is_ready("en", items) and renderer.is_ready("en", items[-1:])


async def longest_turn(renderer: Renderer, items: list[PublicItem]) -> tuple[float, float, int]:
    """How long it takes to prepare items, how long the event loop waited at the most, and how often it had its turn."""
    loop, turns = asyncio.get_running_loop(), []
    task = asyncio.create_task(renderer.prepare("demo", "en", items))
    while not task.done():
        turns.append(loop.time())
        await asyncio.sleep(0)
    turns.append(loop.time())
    longest = max(later - earlier for earlier, later in pairwise(turns))
    return turns[-1] - turns[0], longest, len(turns)


async def test_the_event_loop_goes_on_while_a_page_is_rendered(figure):
    """A page that nobody has asked for yet, of entries with 100 KB of HTML and 20 images."""
    renderer = Layout().renderer
    image = Media("image", "https://example.org/i.jpg", alt="An image", caption="What is seen", width=4, height=3)
    more = {"html": "<p>Some news, and more of it.</p>" * 3_000, "media": [image] * 20, "tags": ["one"] * 20}
    made = [Entry(**{**msgspec.structs.asdict(entry(n)), **more}) for n in range(50)]
    items = [PublicItem(Item(one.id, n + 1, 1, msgspec.json.encode(one))) for n, one in enumerate(made)]
    whole, longest, turns = await longest_turn(renderer, items)
    figure(
        f"50 big entries rendered for the first time: {1000 * whole:.0f} ms, "
        f"of these at most {1000 * longest:.1f} ms without a turn of the event loop"
    )
    assert renderer.is_ready("en", items)
    assert turns > 3


@pytest.mark.parametrize(("text", "marked"), [("שלום", True), ("A word, עברית, in it", True), ("Lead-out 3", False)])
def test_a_text_that_may_have_another_direction_is_marked(text: str, marked: bool):
    line = History()
    line.commit(header(), Entry(**{**fields(1), "title": text, "text": text, "html": f"<p>{text}</p>"}))
    (item,) = replica_of(line).page(None, 1)[0]
    assert Layout().renderer.entry("demo", "en", item).html.count(' dir="auto"') == 2 * marked
