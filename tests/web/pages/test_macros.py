"""The macros of the templates: what browsers make of them is what the server makes of them."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from jinja2 import ChoiceLoader, DictLoader

from stoppress.errors import StartError
from stoppress.model import Entry, Header
from stoppress.web.pages.embeds import SITES
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.macros import Macros
from tests.support.macros import templates
from tests.support.page import HOSTILE
from tests.support.paths import CLIENT

VIEW = CLIENT / "src" / "view"

ID = "01234567-0000-7000-8000-000000000000"
AT = "2020-10-09T06:12:00.000Z"

FILL = """
import { createInterface } from "node:readline";
import { Macros, fill } from "%s/macros.js";
globalThis.navigator ??= { languages: [] }; // Node 20 has none
for await (const line of createInterface({ input: process.stdin })) {
  const { setting, cases } = JSON.parse(line);
  class Written extends Macros { make(name, values) { return fill(setting[name], { home: this.home, ...values }); } }
  const macros = new Written(setting, "/blogs/demo");
  console.log(JSON.stringify(cases.map(([name, values]) =>
    name === "article" ? macros.article(values.entry) : macros.make(name, values))));
}
"""
"""What the client writes before a browser reads it."""

ALL: dict[str, Any] = {
    "id": ID,
    "seq": 7,
    "version": 2,
    "status": "published",
    "title": f"A title {HOSTILE} \"'",
    "html": "<p>Some <b>news</b> &amp; more</p>",
    "text": "Some news",
    "authors": [{"name": "Ada", "url": "https://example.org/a?b=1&c='"}, {"name": "Jon & <Co>"}],
    "key": True,
    "pinned": True,
    "breaking": True,
    "tags": ["one", "two & three"],
    "source": {"name": "Them", "url": "https://example.org/"},
    "media": [
        {"type": "image", "url": "https://example.org/i", "width": 3, "height": 4, "alt": "", "caption": "C & c"},
        {"type": "image", "url": "https://example.org/i", "alt": "An <image>", "credit": "Me"},
        {"type": "video", "url": "https://example.org/v", "alt": "A video", "width": 3, "caption": "C", "credit": "Me"},
        {"type": "audio", "url": "https://example.org/a"},
        {"type": "embed", "url": "https://vimeo.com/123456789", "caption": "The speech", "credit": "Me"},
        {"type": "embed", "url": "https://www.youtube.com/watch?v=abcdefghijk"},
        {"type": "embed", "url": "https://example.org/map?a=1&b=2", "caption": "A map"},
        {"type": "embed", "url": "https://example.org/plain"},
    ],
    "published_at": AT,
    "updated_at": "2020-10-09T07:00:00.000Z",
    "event_at": "2020-10-09T05:00:00.000Z",
    "corrections": [{"text": f"It was <not> {HOSTILE}", "at": AT}, {"text": "Nor this", "at": AT}],
}

NEEDED = ("id", "seq", "version", "status", "published_at")


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in ALL.items() if field != name}


ENTRIES = [
    ALL,
    {name: ALL[name] for name in NEEDED},
    *(without(name) for name in ALL if name not in NEEDED),
    *({name: ALL[name] for name in (*NEEDED, extra)} for extra in ALL if extra not in NEEDED),
    {**ALL, "updated_at": AT},
    {**{name: ALL[name] for name in NEEDED}, "status": "retracted", "retracted_at": AT, "note": "Wrong & <gone>"},
    {**{name: ALL[name] for name in NEEDED}, "status": "retracted"},
]

HEADERS = [
    {"blog": "demo", "headline": f"A day {HOSTILE}", "status": status, **more}
    for status, more in itertools.product(
        ("scheduled", "live"),
        (
            {},
            {"coverage_start": AT},
            {"standfirst": "What & where", "authors": ALL["authors"], "tags": ALL["tags"], "image": ALL["media"][1]},
        ),
    )
]

POINTERS = [
    {"id": ID, "title": title, "text": text, "published_at": at, "away": away}
    for title, text, at, away in itertools.product(("T & t", None), ("Some", None), (AT, None), (True, False))
]

CASES: list[tuple[str, dict[str, Any]]] = [
    *(("article", {"entry": entry}) for entry in ENTRIES),
    *(("title", {"header": header}) for header in HEADERS),
    *(("pinned_aside", {"entry": pointer}) for pointer in (*POINTERS, None)),
    *(("key_events_nav", {"entries": entries}) for entries in ([], [one for one in POINTERS if one["published_at"]])),
    *(("related_aside", {"related": one}) for one in ([], [{"title": "A & b", "url": "https://example.org/?a&b"}])),
    *(
        ("pages_nav", {"older": older, "newest": newest})
        for older, newest in itertools.product((None, "before=x"), (True, False))
    ),
    ("frame", {"address": "https://player.vimeo.com/video/1?a=1&b=2", "title": "T <t>", "url": "https://vimeo.com/1"}),
]

KINDS: dict[str, Any] = {"article": Entry, "title": Header}


def made_by_server(layout: Layout, language: str, name: str, values: dict[str, Any]) -> str:
    kind = KINDS.get(name)
    given = {key: msgspec.convert(value, kind) if kind else value for key, value in values.items()}
    file = "entry.html" if name in ("article", "frame") else "header.html"
    call = f"{{% from '{file}' import {name} with context %}}{{{{ {name}({', '.join(given)}) }}}}"
    template = layout.environment.from_string(call)
    return template.render(t=layout.texts.of(language), home="/blogs/demo", **given)


def alike(html: str) -> str:
    """Without what differs on purpose: how the characters are written that are escaped."""
    for name, code in (("amp", 38), ("lt", 60), ("gt", 62)):
        html = html.replace(f"&{name};", f"&#{code};")
    return html


class Client:
    """The JavaScript client, in a process that goes on for all tests."""

    def __init__(self) -> None:
        command = ["node", "--input-type=module", "--eval", FILL % VIEW.as_uri()]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fill(self, setting: Any, cases: list[tuple[str, dict[str, Any]]]) -> list[str]:
        assert self._node.stdin is not None and self._node.stdout is not None
        print(json.dumps({"setting": setting, "cases": cases}), file=self._node.stdin, flush=True)
        return list(json.loads(self._node.stdout.readline()))

    def close(self) -> None:
        self._node.communicate()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@pytest.mark.parametrize("language", ["en", "de"])
def test_browsers_fill_them_as_the_server_does(client: Client, language: str):
    layout = Layout()
    made = client.fill(json.loads(layout.fillings[language]), CASES)
    for (name, values), html in zip(CASES, made, strict=True):
        server = made_by_server(layout, language, name, values)
        trusted = str(values.get("entry", {}).get("html") or "") if name == "article" else ""
        assert alike(html.replace(trusted, "")) == alike(server.replace(trusted, "")), (name, values)


CANNOT = {
    "{{ entry.title | upper }}": 3,
    "{% set x = 1 %}": 3,
    "{{ entry.title ~ '!' }}": 3,
    "{{ nothing }}": 3,
    "{{ t.nothing }}": 3,
    "{% for tag in entry.tags if tag %}{% endfor %}": 3,
    "{% for tag in entry.tags %}{{ loop.index0 + 1 }}{% endfor %}": 3,
    "{{ range(3) }}": 3,
    "{% include 'tools.html' %}": 3,
    "{{ article(entry) }}": 3,
    "\n\n{% if entry.seq > 3 %}{% endif %}": 5,
    "{% if entry.seq == 3 %}{% endif %}": 3,
    "{% if entry.title == '' %}{% endif %}": 3,
    "{% if entry.title == 'a=b' %}{% endif %}": 3,
    "{% if entry.title == none %}{% endif %}": 3,
    "{% if (entry.title or entry.text) == 'x' %}{% endif %}": 3,
    "{{ entry.titel }}": 3,
    "{{ entry.title.length }}": 3,
    "{{ entry.constructor }}": 3,
    "{{ entry['__proto__'] }}": 3,
    "{{ entry.tags }}": 3,
    "{{ entry.tags[-1] }}": 3,
    "{{ entry.tags.0 }}": 3,
    "{{ entry.source }}": 3,
    "{{ entry | frame }}": 3,
    "{{ entry.key | safe }}": 3,
    "{{ entry.title | web('x') }}": 3,
    "{{ t.fresh }}": 3,
    "{{ t.live.upper }}": 3,
    "{{ none }}": 3,
    "{% for letter in entry.title %}{% endfor %}": 3,
    "{% for name, url in entry.authors %}{% endfor %}": 3,
    "{% for x in entry.tags recursive %}{% endfor %}": 3,
    "{% for x in entry.tags %}{% else %}none{% endfor %}": 3,
    "{% call link('a', 'b', 'c') %}{% endcall %}": 3,
    "{{ link(entry.id, 'b') }}": 3,
    "{{ link(entry.id, 'b', rel='c') }}": 3,
    "{{ link(*entry.tags) }}": 3,
    "{% for link in entry.tags %}{{ link('a', 'b', 'c') }}{% endfor %}": 3,
    "{% autoescape false %}{% endautoescape %}": 2,
    "{{ caller() }}": 3,
    "{{ varargs }}": 3,
    "{{ loop.first }}": 3,
    "{{ header.headline }}": 3,
    "{{ moment(link('a', 'b', 'c')) }}": 3,
}


@pytest.mark.parametrize("inside", CANNOT)
def test_what_browsers_cannot_do_is_refused_at_the_start(tmp_path: Path, inside: str):
    names = "byline, figure, frame, link, moment, said_with_time, tag_list"
    theirs = f"{{% from 'stoppress/entry.html' import {names} with context %}}"
    text = f"{theirs}\n{{% macro article(entry) -%}}\n{inside}\n{{%- endmacro %}}"
    (tmp_path / "entry.html").write_text(text)
    with pytest.raises(StartError, match="browsers fill this macro too") as refusal:
        Layout(str(tmp_path))
    assert f"entry.html, line {CANNOT[inside]}" in str(refusal.value)


NEEDS = {
    "{% macro article(item) %}{% endmacro %}": "entry.html, line 1: browsers need the macro article(entry)",
    "{% macro article(entry, big=false) %}{% endmacro %}": "browsers need the macro article(entry)",
    "\n{% macro frame(title, address, url) %}{% endmacro %}": "line 2: browsers need the macro frame(address, ",
    "{% from 'stoppress/entry.html' import article %}": "import says `with context`",
    "\n{% set home = 'https://herald.example' %}": "line 2: nothing else may be called home",
    "{% import 'stoppress/entry.html' as t %}": "nothing else may be called t",
    "{% from 'stoppress/entry.html' import moment as t %}": "nothing else may be called t",
    "{% macro home() %}{% endmacro %}": "nothing else may be called home",
}


@pytest.mark.parametrize("text", NEEDS)
def test_what_browsers_need_must_be_there(tmp_path: Path, text: str):
    names = "article, byline, figure, frame, link, moment, said_with_time, tag_list"
    (tmp_path / "entry.html").write_text(f"{{% from 'stoppress/entry.html' import {names} with context %}}{text}")
    with pytest.raises(StartError) as refusal:
        Layout(str(tmp_path))
    assert NEEDS[text] in str(refusal.value)


def test_a_macro_that_is_not_there_is_named(tmp_path: Path):
    (tmp_path / "entry.html").write_text("{% macro article(entry) %}{% endmacro %}")
    with pytest.raises(StartError, match=r"entry\.html.*browsers need the macro frame\(address, title, url\)"):
        Layout(str(tmp_path))


def test_a_macro_may_not_be_endless(tmp_path: Path):
    (tmp_path / "entry.html").write_text("{% macro article(entry) %}" + "x" * 70_000 + "{% endmacro %}")
    with pytest.raises(StartError, match="too long for browsers"):
        Layout(str(tmp_path))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", " javascript:x", "//example.org", ""])
def test_only_addresses_of_the_web_become_links(client: Client, address: str):
    case = ("related_aside", {"related": [{"title": "x", "url": address}]})
    layout = Layout()
    for html in (*client.fill(json.loads(layout.fillings["en"]), [case]), made_by_server(layout, "en", *case)):
        assert 'href=""' in html or "href" not in html


LAYOUT = Layout()


def both(client: Client, files: dict[str, str], entry: dict[str, Any]) -> tuple[str, str]:
    """What the server and what the client make of a publisher's `entry.html`."""
    assert LAYOUT.environment.loader is not None
    environment = LAYOUT.environment.overlay(loader=ChoiceLoader([DictLoader(files), LAYOUT.environment.loader]))
    texts = LAYOUT.texts.of("en")
    made = Macros(environment, texts).compiled("entry.html", "article", {"entry": Entry})
    setting = {"article": json.loads(json.dumps(made)), "sites": SITES}
    page = environment.from_string("{% from 'entry.html' import article with context %}{{ article(entry) }}")
    server = page.render(t=texts, home="/blogs/demo", entry=msgspec.convert(entry, Entry))
    return alike(server), alike(client.fill(setting, [("article", {"entry": entry})])[0])


FULL = {**ALL, "html": None, "updated_at": AT, "authors": [{"name": "Ada", "url": "https://a.example/"}, {"name": "B"}]}
BARE = {name: ALL[name] for name in NEEDED} | {"key": False, "tags": ["=", "<"]}
SEVERAL = (FULL, BARE, {**FULL, "title": None, "updated_at": ALL["updated_at"]}, {**FULL, "text": None, "source": None})

LIKE_JINJA = [
    "{% if not entry.title or not entry.text %}Y{% else %}N{% endif %}",
    "{% if entry.title != 'x' or entry.status != 'published' %}Y{% else %}N{% endif %}",
    "{% if not (entry.title and entry.text) %}Y{% elif entry.key %}K{% else %}N{% endif %}",
    "{% if t.live or t.ended %}{{ entry.title }}{% endif %}",
    "{% if 'a' or 'b' %}{{ entry.title }}{% else %}N{% endif %}",
    "{{ entry.key }}{{ entry.breaking }}{{ 1 }}{{ 0 }}{{ kind(false) }}{{ kind(true) }}",
    "{{ entry | updated }}|{{ entry.note | safe }}|{{ entry.note | web }}|{{ entry.note | utc }}",
    "{{ entry.event_at | utc }}",
    "{{ a(entry.title or entry.text, entry.tags) }}",
    "{{ a(entry.note or entry.retracted_at, entry.tags) }}",
    "{% for x in entry.tags %}{{ a(x or entry.text, entry.tags) }}{% endfor %}",
    "{% for x in entry.tags %}{{ a(x, entry.tags) }}{% endfor %}",
    "{% for x in entry.tags %}{{ b(loop.first, entry.tags) }}{{ loop.first }}{% endfor %}",
    "{% for t in entry.tags %}{{ c(t) }}{% endfor %}{% for home in entry.tags %}{{ c(home) }}{% endfor %}",
    "{{ kind('image') }}{{ kind('video') }}{{ kind(entry.status) }}{{ kind(none) }}",
    "{% for entry in entry.media %}{{ entry.url }}{{ loop.first }}{% endfor %}{{ entry.title }}",
]

THEIRS = """
{% macro a(text, items) %}{% if text %}[{% for x in items %}{{ text }}{{ x }}{% endfor %}]{% endif %}{% endmacro %}
{% macro b(first, items) %}{% for x in items %}{% if first %}F{% endif %}{% if loop.first %}f{% endif %}{{ x }}
{% endfor %}
{% endmacro %}
{% macro c(home) %}{{ home }}{{ t.live }}{{ d() }}{% endmacro %}
{% macro d() %}{{ home }}{{ t.ended }}{% endmacro %}
{% macro kind(kind) %}{% if kind == "image" %}I{% elif kind != "published" %}?{% else %}P{% endif %}{{ kind }}
{% endmacro %}
"""


@pytest.mark.parametrize("inside", LIKE_JINJA)
def test_what_they_know_they_do_as_jinja_does(client: Client, inside: str):
    files = {"entry.html": f"{THEIRS}{{% macro article(entry) %}}{inside}{{% endmacro %}}"}
    for entry in SEVERAL:
        server, browser = both(client, files, entry)
        assert browser == server, entry


@pytest.mark.parametrize("seed", range(60))
def test_all_that_can_be_said_in_them_is_the_same_in_browsers(client: Client, seed: int):
    files = templates(Random(seed))
    for entry in SEVERAL:
        server, browser = both(client, files, entry)
        assert browser == server, files


def test_a_template_hands_on_what_it_imports(tmp_path: Path):
    """As the guide says: who changes an entry need not copy what the title is made of."""
    names = "byline, figure, frame, link, moment, said_with_time, tag_list"
    theirs = f"{{% from 'stoppress/entry.html' import {names} with context %}}"
    (tmp_path / "entry.html").write_text(
        f"{theirs}{{% macro article(entry) %}}<p>{{{{ entry.title }}}}{{% endmacro %}}"
    )
    html = made_by_server(Layout(str(tmp_path)), "en", "title", {"header": HEADERS[-1]})
    assert html == made_by_server(LAYOUT, "en", "title", {"header": HEADERS[-1]})
    assert "Ada" in html
