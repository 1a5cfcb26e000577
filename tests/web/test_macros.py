"""The macros of the templates: what browsers make of them is what the server makes of them."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stoppress.errors import StartError
from stoppress.model import Entry, Header
from stoppress.web.layout import Layout
from tests.support.page import HOSTILE

VIEW = Path(__file__).parents[2] / "client_js" / "src" / "view"

ID = "01234567-0000-7000-8000-000000000000"
AT = "2020-10-09T06:12:00.000Z"

FILL = """
import { readFileSync } from "node:fs";
import { Macros, fill } from "%s/macros.js";
globalThis.navigator ??= { languages: [] }; // Node 20 has none
const { setting, cases } = JSON.parse(readFileSync(0, "utf8"));
class Written extends Macros { make(name, values) { return fill(setting[name], { home: this.home, ...values }); } }
const macros = new Written(setting, "/blogs/demo");
console.log(JSON.stringify(cases.map(([name, values]) =>
  name === "article" ? macros.article(values.entry) : macros.make(name, values))));
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
    """Without what differs on purpose: the server's times, and how it writes the characters that it escapes."""
    html = re.sub(r"( data-at>)[^<]*", r"\1", html)
    for name, code in (("amp", 38), ("lt", 60), ("gt", 62)):
        html = html.replace(f"&{name};", f"&#{code};")
    return html


def made_by_client(layout: Layout, language: str, cases: list[tuple[str, dict[str, Any]]]) -> list[str]:
    said = json.dumps({"setting": json.loads(layout.fillings[language]), "cases": cases})
    script = FILL % VIEW.as_uri()
    command = ["node", "--input-type=module", "--eval", script]
    result = subprocess.run(command, input=said, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout))


@pytest.mark.parametrize("language", ["en", "de"])
def test_browsers_fill_them_as_the_server_does(language: str):
    layout = Layout()
    for (name, values), html in zip(CASES, made_by_client(layout, language, CASES), strict=True):
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


def test_a_macro_may_not_be_endless(tmp_path: Path):
    (tmp_path / "entry.html").write_text("{% macro article(entry) %}" + "x" * 70_000 + "{% endmacro %}")
    with pytest.raises(StartError, match="too long for browsers"):
        Layout(str(tmp_path))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", " javascript:x", "//example.org", ""])
def test_only_addresses_of_the_web_become_links(address: str):
    case = ("related_aside", {"related": [{"title": "x", "url": address}]})
    layout = Layout()
    for html in (*made_by_client(layout, "en", [case]), made_by_server(layout, "en", *case)):
        assert 'href=""' in html or "href" not in html
