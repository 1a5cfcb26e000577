"""What editors write becomes safe HTML and plain text, whatever they write."""

from __future__ import annotations

import contextlib
import time
from html.parser import HTMLParser
from typing import Any

import pytest

from stoppress.errors import BadInput
from stoppress.newsroom.rendering import ALLOWED_ATTRIBUTES, ALLOWED_TAGS, Rendered
from tests.support.payloads import ELEMENTS

XSS = [
    *(element.replace("{run}", "alert(1)") for element in ELEMENTS),
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<script\x00>alert(1)</script>",
    '<img """><script>alert(1)</script>">',
    *(f"<img src={source}>" for source in ("x:alert(1) onerror=eval(src)", "'javascript:x'", "' &#14; javascript:x;'")),
    *(
        f'<a href="{scheme}:alert(1)">x</a>'
        for scheme in ("JaVaScRiPt", "jav&#x09;ascript", "jav\nascript", "\x01javascript")
    ),
    '<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="//evil.example" onclick="alert(1)" style="position:fixed" id="top" class="site-header">x</a>',
    '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    '<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>',
    "<button formaction=javascript:alert(1)>x</button>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<title></title><img src=x onerror=alert(1)>",
    "<b title='a>b' onmouseover=alert(1)>x</b>",
    "<q cite=javascript:alert(1)>x</q>",
    "<blockquote cite=' javascript:alert(1)'>x</blockquote>",
]

XSS_IN_MARKDOWN = [
    *XSS,
    *(
        f"[x]({scheme}:alert(1))"
        for scheme in ("javascript", "JAVASCRIPT", "java&#115;cript", "vbscript", "data:text/html")
    ),
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61lert(1))",
    "![x](javascript:alert(1))",
    '![x](https://a.example/"onerror="alert(1))',
    '[x](https://a.example "title" onclick="alert(1))',
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```\n<script>alert(1)</script>\n```",
    '``` "onmouseover=alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "[![x](x 'onerror=alert(1)')](javascript:alert(1))",
    "# Heading {#content .site-header onclick=alert(1)}",
]


class Inventory(HTMLParser):
    """The tags and attributes of a piece of HTML, as a parser that is not the sanitiser's sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Inventory(html).tags:
        assert tag in ALLOWED_TAGS
        assert set(attributes) <= ALLOWED_ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set())
        for name in ("href", "src"):
            address = attributes.get(name) or ""
            scheme, colon, _ = address.partition(":")
            assert not colon or scheme in ("http", "https", "mailto") or "/" in scheme, address
    for forbidden in ("<script", "<style", "<iframe", "<svg", "<!--"):
        assert forbidden not in html.lower()


@pytest.mark.parametrize("payload", XSS)
def test_html_cannot_do_anything_to_the_page_around_it(payload: str):
    once = Rendered.from_html(payload).html
    assert_harmless(once)
    assert Rendered.from_html(once).html == once, "what was made safe stays as it is"


@pytest.mark.parametrize("payload", XSS_IN_MARKDOWN)
def test_markdown_cannot_do_anything_to_the_page_around_it(payload: str):
    assert_harmless(Rendered.from_markdown(payload).html)


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        ("A *fine* **day**.", "<p>A <em>fine</em> <strong>day</strong>.</p>", "A fine day."),
        ("one\n\ntwo", "<p>one</p><p>two</p>", "one\ntwo"),
        ("# one\n## two\n### three", "<h2>one</h2><h2>two</h2><h3>three</h3>", "one\ntwo\nthree"),
        ("שלום\n\na", '<p dir="auto">שלום</p><p dir="auto">a</p>', "שלום\na"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("~~gone~~", "<p><s>gone</s></p>", "gone"),
        ("5 < 6 & 7", "<p>5 &lt; 6 &amp; 7</p>", "5 < 6 & 7"),
        ("<b>shown</b>", "<p>&lt;b&gt;shown&lt;/b&gt;</p>", "<b>shown</b>"),
        ("Ergün", "<p>Ergün</p>", "Ergün"),
        ("", "", ""),
        (" \n\t\n", "", ""),
        (
            "[source](https://example.org/a?b=c&d=e)",
            '<p><a href="https://example.org/a?b=c&amp;d=e" rel="noopener noreferrer">source</a></p>',
            "source",
        ),
        ("![A map](https://example.org/m.png)", '<p><img src="https://example.org/m.png" alt="A map"></p>', ""),
    ],
)
def test_markdown_becomes_html_and_text(markdown: str, html: str, text: str):
    assert Rendered.from_markdown(markdown)[:2] == (html, text)


def test_tables_are_kept_with_their_rows_as_lines_of_text():
    rendered = Rendered.from_markdown("| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<td>1</td>" in rendered.html
    assert rendered.text == "a\nb\n1\n2"


LEFT_OUT = {
    "<p>a<script>alert(1)</script>b</p>": ("<p>ab</p>", ["Left out a script"]),
    "<p>a<input>b</p>": ("<p>ab</p>", ["Left out a form"]),
    "<p>a<svg><text>b</text></svg>c</p>": ("<p>ac</p>", ["Left out a drawing"]),
    "<p>a<canvas>b</canvas>c</p>": ("<p>ac</p>", ["Left out a drawing"]),
    "<img srcset='https://a.test/x.jpg 2x'>": ('<p><img src="https://a.test/x.jpg" alt=""></p>', []),
    '<a href="tel:+43">a</a>': ("<p>a</p>", ["Left out the address of a link (tel:+43)"]),
    '<a href="foo:1">a</a>': ("<p>a</p>", ["Left out the address of a link (foo:1)"]),
    '<img src="data:image/png;base64,AA">a': ("<p>a</p>", ["Left out an image (data:image/png;base64,AA)"]),
    '<img src="file:///C:/a.png">a': ("<p>a</p>", ["Left out an image (file:///C:/a.png)"]),
    '<iframe src="https://evil.example/x"></iframe>a': ("<p>a</p>", ["Left out a frame (https://evil.example/x)"]),
    "<video src='blob:https://a.example/1'></video>a": ("<p>a</p>", ["Left out video"]),
    "<p hidden>b</p>a": ("<p>a</p>", ["Left out text that cannot be seen"]),
    "<details><summary>a</summary>b</details>": ("<p>a</p>", ["Left out text that cannot be seen"]),
    "<td colspan=100 rowspan=100>a": ("<p>a</p>", []),
    "<table><td colspan=100 rowspan=100>a": (
        "<table><tbody><tr><td>a</td></tr></tbody></table>",
        ["Left out `colspan` and `rowspan`"],
    ),
}


@pytest.mark.parametrize("html", LEFT_OUT)
def test_what_is_left_out_is_named(html: str):
    rendered = Rendered.from_html(html)
    expected, warnings = LEFT_OUT[html]
    assert rendered.html == expected
    assert [found.startswith(start) for found, start in zip(rendered.warnings, warnings, strict=True)] == [True] * len(
        warnings
    )


MEDIA = {
    '<iframe src="//www.youtube.com/embed/abcdefghijk?start=9"></iframe>': "embed https://www.youtube.com/embed/abcdefghijk?start=9",
    '<iframe data-src="https://player.vimeo.com/video/123456?h=abcdef12"></iframe>': (
        "embed https://player.vimeo.com/video/123456?h=abcdef12"
    ),
    '<figure class="media"><oembed url="https://youtu.be/abcdefghijk"></oembed></figure>': "embed https://youtu.be/abcdefghijk",
    '<blockquote class="twitter-tweet"><a href="https://t.co/x">x</a><a href="https://x.com/a/status/12345">y</a>'
    "</blockquote><script></script>": "embed https://x.com/a/status/12345",
    '<blockquote class="instagram-media" data-instgrm-permalink="https://www.instagram.com/p/abcdef/"></blockquote>': (
        "embed https://www.instagram.com/p/abcdef/"
    ),
    '<blockquote class="tiktok-embed" cite="https://www.tiktok.com/@a/video/12345"></blockquote>': (
        "embed https://www.tiktok.com/@a/video/12345"
    ),
    '<lite-youtube videoid="abcdefghijk"></lite-youtube>': "embed https://www.youtube.com/watch?v=abcdefghijk",
    "<video controls><source src='https://a.example/a.mp4'>Not shown</video>": "video https://a.example/a.mp4",
    "<audio src='https://a.example/a.mp3'></audio>": "audio https://a.example/a.mp3",
}


@pytest.mark.parametrize("html", MEDIA)
def test_media_become_those_of_the_entry(html: str):
    rendered = Rendered.from_html(html * 2)
    assert [f"{one.type} {one.url}" for one in rendered.media] == [MEDIA[html]] * (1 if "embed" in MEDIA[html] else 2)
    assert rendered.warnings == []


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://a.example/b?c#d", "https://a.example/b?c#d"),
        ("//a.example/b", "https://a.example/b"),
        ("\\\\a.example\\b", "https://a.example/b"),
        ("/img/a.jpg", "/img/a.jpg"),
        ("img/a.jpg", "/blogs/img/a.jpg"),
        ("../a.jpg", "/a.jpg"),
    ],
)
def test_addresses_are_absolute_or_of_this_server(address: str, kept: str):
    assert Rendered.from_html(f'<img src="{address}">').html == f'<p><img src="{kept}" alt=""></p>'


def test_text_is_without_markup_even_where_the_html_shows_markup():
    assert Rendered.from_html("<p>write &lt;b&gt; &amp;amp;</p>").text == "write <b> &amp;"


@pytest.mark.parametrize(
    ("given", "html", "text"),
    [
        ("<p>before<script>alert(1)</script>after</p>", "<p>beforeafter</p>", "beforeafter"),
        ("<div>one <font color=red>two</font></div>", "<p>one two</p>", "one two"),
        ("<p>write &lt;b&gt; &amp;amp;</p>", "<p>write &lt;b&gt; &amp;amp;</p>", "write <b> &amp;"),
    ],
)
def test_html_is_made_safe_and_becomes_text(given: str, html: str, text: str):
    assert Rendered.from_html(given)[:2] == (html, text)


LONG = 200_000

ENOUGH = 5.0
"""Seconds of processor time. All take about one; without limits they took up to 27, and a busy machine doubles them."""

PATHOLOGICAL_MARKDOWN = {
    "brackets": "[" * LONG,
    "images": "![" * (LONG // 2),
    "nested brackets": "[" * (LONG // 2) + "]" * (LONG // 2),
    "nested links": "[" * 30_000 + "a" + "](b)" * 30_000,
    "half links": "[a](" * (LONG // 4),
    "emphasis": "*a_ " * (LONG // 4),
    "delimiters": "_*" * (LONG // 2),
    "strong": "***a" * (LONG // 4),
    "code spans": "".join("a" + "`" * n for n in range(1, 630)),
    "quotes": ">" * LONG,
    "lists": "- a\n\n" * (LONG // 5),
    "nested lists": "".join("  " * n + "* a\n" for n in range(400)),
    "table rows": "|a|\n|-|\n" + "|\n" * (LONG // 2),
    "table columns": "|" + "a|" * (LONG // 4) + "\n|" + "-|" * (LONG // 4),
    "wide and long table": "|" + "a|" * 200 + "\n|" + "-|" * 200 + "\n" + "|\n" * 90_000,
    "reference definitions": "[a]: b\n" * (LONG // 7),
    "open references": "[a\n" * (LONG // 3),
    "headings": "# a\n" * (LONG // 4),
    "setext headings": "a\n-\n" * (LONG // 4),
    "entities": "&" * LONG,
    "tags": "<a>" * (LONG // 3),
    "comments": "<!--" * (LONG // 4),
    "autolinks": "<a:" * (LONG // 3),
    "backslashes": "\\" * LONG,
    "blank lines": "\n" * LONG,
    "blanks": "a" + " " * LONG + "b",
    "zeros": "\0" * LONG,
}

PATHOLOGICAL_HTML = {
    "100,000 nested tags": "<b>" * 100_000,
    "100,000 nested blocks": "<div>" * 100_000,
    "100,000 nested quotes": "<blockquote>" * 100_000,
    "nested blocks just allowed": "<div>" * 9_999,
    "nested lists just allowed": "<ul><li>" * 4_999,
    "nested tables just allowed": "<table><tr><td>" * 3_333,
    "formatting that each paragraph repeats": "".join(f"<b id={n}>" for n in range(5_000)) + "<p>x" * 4_999,
    "all formatting that each paragraph repeats": "<b><big><code><em><font><i><s><small><tt><u>" * 3 + "<p>x" * 9_900,
    "misnested": "<a><b><p></a></b>" * 1_999,
    "attributes": "<b " + " ".join(f"a{n}=1" for n in range(25_000)) + ">",
    "entities": "&" * LONG,
    "unclosed comments": "<!--" * 9_999,
    "zeros": "<\0" * 9_999,
    "attributes that each paragraph repeats": "<p><a "
    + " ".join(f"a{n}" for n in range(20_000))
    + ">x"
    + "<p>x" * 9_900,
    "many rules and elements": (
        "<style>" + ".b .a,.c .a,.a{color:red}" * 3_000 + "</style>" + "<p class='a c b'>x" * 7_000
    ),
    "open rules": "<style>" + "{" * LONG,
    "open remarks in styles": "<p style='" + "/*" * (LONG // 2) + "'>x",
    "open style elements": "<style>/*" * 9_999,
    "long style repeated": "<p style='" + "color:red;" * 100 + "'>x" * 250 + "<p>x" * 5_000,
    "nested paragraphs of a word processor": "".join(
        f"<p style='mso-list:l0 level{n % 9 + 1} lfo1'>x" for n in range(5_000)
    ),
    "unclosed formatting": "<b " * 9_999 + "x" * 220_000,
    "formatting that closes far away": "<b\n" * 9_999 + "x" * 200_000 + ">" * 1_000,
}


def _sources(kinds: dict[str, str], render: Any) -> list[Any]:
    return [pytest.param(render, source, id=name) for name, source in kinds.items()]


@pytest.mark.parametrize(
    ("render", "source"),
    [*_sources(PATHOLOGICAL_MARKDOWN, Rendered.from_markdown), *_sources(PATHOLOGICAL_HTML, Rendered.from_html)],
)
def test_pathological_markup_does_not_take_long(render, source: str):
    start = time.process_time()
    with contextlib.suppress(BadInput):
        html = render(source).html
        assert_harmless(html)
        assert len(html) < 5 * len(source) + 1_000, "formatting that is never closed does not multiply"
    assert time.process_time() - start < ENOUGH


@pytest.mark.parametrize(("render", "field"), [(Rendered.from_markdown, "markdown"), (Rendered.from_html, "html")])
def test_a_refusal_names_the_field_and_says_what_to_do(render, field: str):
    with pytest.raises(BadInput, match=r"too much markup for one entry\. Split it into several entries") as refusal:
        render("<a>" * 60_000)
    assert refusal.value.field == field


def test_a_long_ordinary_text_is_not_too_much():
    section = (
        "## The talks\n\nThe *minister* said on **Friday** that [the talks](https://example.org/a_b?c=d&e=f) would "
        'begin "soon".\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n' + "Plain words follow. " * 40 + "\n\n"
    )
    assert Rendered.from_markdown(section * 205).text.count("The talks") == 205
    assert len(section * 205) > 190_000
