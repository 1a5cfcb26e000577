"""What `stoppress import` reads from files of other systems, and what it refuses."""

from __future__ import annotations

import io
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from stoppress.errors import StartError
from stoppress.tools.importer.found import BlogFile, WrongFile
from stoppress.tools.importer.read import read
from stoppress.tools.importer.safe_xml import elements
from stoppress.tools.importer.wordpress import paragraphs

WORDPRESS = Path(__file__).with_name("wordpress.xml")

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Talks</title><link>https://x.example/talks</link><description>Live.</description><language>en</language>
<item><title>Second</title><guid isPermaLink="false">b</guid><pubDate>Fri, 09 Oct 2020 08:00:00 +0200</pubDate>
<description>short</description><content:encoded><![CDATA[<p>long &amp; <b>bold</b></p>]]></content:encoded>
<dc:creator>Ann Lee</dc:creator><category>talks</category><category>talks</category>
<enclosure url="https://x.example/a.jpg" type="image/jpeg" length="1"/></item>
<item><title>First</title><guid>a</guid><pubDate>Fri, 09 Oct 2020 05:00:00 GMT</pubDate>
<author>bo@x.example (Bo Dahl)</author><description>&lt;p&gt;one&lt;/p&gt;</description></item>
<item><guid>empty</guid></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
<title>Talks</title><id>tag:x.example,2020:talks</id><author><name>Desk</name><uri>https://x.example/</uri></author>
<at:deleted-entry ref="urn:uuid:00000000-0000-0000-0000-00000000000c" when="2020-10-09T09:00:00Z">
<at:comment>Wrong.</at:comment></at:deleted-entry>
<entry><id>urn:uuid:00000000-0000-0000-0000-00000000000a</id><title>A</title><published>2020-10-09T06:00:00Z</published>
<updated>2020-10-09T07:00:00Z</updated><author><name>Ann</name></author><category term="t"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x &lt; y<br/><a href="https://x.example/?a=1&amp;b=2">z</a></p></div></content></entry>
<entry><id>other</id><title/><updated>2020-10-09T08:00:00Z</updated><content>1 &lt; 2</content></entry>
</feed>"""


def read_text(folder: Path, text: str | bytes, post: str = "") -> BlogFile:
    file = folder / "file"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(str(file), post)


def test_a_wordpress_live_blog_keeps_edits_deletions_key_events_tags_and_authors():
    content = read(str(WORDPRESS))
    assert content.header is not None and content.header.line == 27
    assert content.header.fields == {
        "headline": "Talks in Moscow",
        "standfirst": "What we know.",
        "status": "ended",
        "tags": ["World", "Talks"],
    }
    first, second, third = (entry.fields for entry in content.entries)
    assert first["key"] is True and first["tags"] == ["moscow"]
    assert first["html"] == "<p>The talks <b>begin</b>.</p>\n<p>Both sides are there.<br>More soon. #moscow</p>"
    assert first["authors"] == [{"name": "Ann Lee", "url": "https://herald.example.org/ann"}, {"name": "Bo Dahl"}]
    assert first["published_at"] == "2020-10-09T06:00:00+00:00"
    assert second["html"] == "<p>A statement at <em>ten</em>.</p>" and "authors" not in second
    assert (second["published_at"], second["updated_at"]) == ("2020-10-09T07:00:00+00:00", "2020-10-09T07:35:00+00:00")
    assert (third["status"], third["retracted_at"]) == ("retracted", "2020-10-09T07:40:00+00:00")
    assert "Secret" not in json.dumps(third)


def test_no_address_of_a_mail_or_a_machine_is_taken_from_wordpress():
    everything = json.dumps([entry.fields for entry in read(str(WORDPRESS)).entries])
    assert "@" not in everything and "192.0.2.7" not in everything


def test_ids_of_others_give_the_same_ids_each_time(tmp_path: Path):
    for text in (WORDPRESS.read_text(), RSS, ATOM):
        first, second = ([one.fields["id"] for one in read_text(tmp_path, text).entries] for _ in range(2))
        assert first == second and len(set(first)) == len(first)


def test_one_of_several_wordpress_posts_has_to_be_chosen(tmp_path: Path):
    item = WORDPRESS.read_text().partition("<item>\n\t\t<title>Talks")[2].partition("</item>")[0]
    other = "<item>\n\t\t<title>Talks" + item.replace(">17<", ">18<").replace(">talks<", ">more<") + "</item>"
    both = WORDPRESS.read_text().replace("</channel>", other + "</channel>")
    with pytest.raises(StartError, match=r"2 posts have entries; choose one with --post: 17 \(talks\), 18 \(more\)"):
        read_text(tmp_path, both)
    assert len(read_text(tmp_path, both, "more").entries) == 3
    with pytest.raises(StartError, match="no post 'x' has entries"):
        read_text(tmp_path, both, "x")


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("a\n\nb\nc", "<p>a</p>\n<p>b<br>c</p>"),
        ("<ul>\n<li>a</li>\n</ul>", "<ul>\n<li>a</li>\n</ul>"),
        ("https://youtu.be/x", '<p><a href="https://youtu.be/x">https://youtu.be/x</a></p>'),
        ("[embed]https://youtu.be/x[/embed]", '<p><a href="https://youtu.be/x">https://youtu.be/x</a></p>'),
    ],
)
def test_the_content_of_a_comment_has_the_paragraphs_that_wordpress_shows(content: str, html: str):
    assert paragraphs(content) == html


def test_rss_gives_entries_oldest_first(tmp_path: Path):
    content = read_text(tmp_path, RSS)
    assert content.header and content.header.fields == {"headline": "Talks", "standfirst": "Live.", "language": "en"}
    first, second = (entry.fields for entry in content.entries)
    assert first["authors"] == [{"name": "Bo Dahl"}] and first["html"] == "<p>one</p>"
    assert second["html"] == "<p>long &amp; <b>bold</b></p>"
    assert second["published_at"] == "2020-10-09T08:00:00+02:00"
    assert (second["tags"], second["authors"]) == (["talks"], [{"name": "Ann Lee"}])
    assert second["media"] == [{"type": "image", "url": "https://x.example/a.jpg"}]
    assert content.notes == ["Line 10: the entry is empty and was left out."]


def test_atom_gives_entries_and_tombstones(tmp_path: Path):
    content = read_text(tmp_path, ATOM)
    assert content.header and content.header.fields["authors"] == [{"name": "Desk", "url": "https://x.example/"}]
    first, second, gone = (entry.fields for entry in content.entries)
    assert first["id"] == "00000000-0000-0000-0000-00000000000a"
    assert first["html"] == '<p>x &lt; y<br><a href="https://x.example/?a=1&amp;b=2">z</a></p>'
    assert (first["published_at"][:16], first["updated_at"][:16]) == ("2020-10-09T06:00", "2020-10-09T07:00")
    assert second["html"] == "<p>1 &lt; 2</p>"
    assert (gone["id"][-1], gone["status"], gone["note"]) == ("c", "retracted", "Wrong.")


_NAMES = "abcdefghijklmnopqrstuvwxyz"
_ENTITIES = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise(_NAMES))
BOMB = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{_ENTITIES}]><rss><channel><title>&z;</title></channel></rss>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "declares an entity"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><title>&x;</title></rss>', "declares an entity"),
        ('<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd">%x;]><rss/>', "declares an entity"),
        ('<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd"><rss><title>&x;</title></rss>', "is empty|nothing to import|XML"),
        ("<a>" * 300, "nested"),
        ("<rss><channel>", "not XML"),
        ("<rss>\n<item>\n<guid>a</guid><pubDate>soon</pubDate></item></rss>", "line 2: 'soon' is not a time"),
        ('<?xml version="1.0" encoding="x-unknown"?><rss/>', "XML|cannot be read"),
    ],
)
def test_xml_that_attacks_or_is_broken_is_refused_at_once(tmp_path: Path, text: str, words: str):
    began = time.process_time()
    with pytest.raises(StartError, match=words):
        read_text(tmp_path, text)
    assert time.process_time() - began < 1


def test_a_quadratic_blowup_and_an_endless_element_are_bounded():
    endless = (b"x" * 1_000_000 for _ in range(1_000))
    with pytest.raises(WrongFile, match="more than"):
        list(elements(iter([b"<item>", *(next(endless) for _ in range(70))]), lambda name: name == "item"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('{"markdown": "x"}\n{oops', "line 2: it is not JSON"),
        ('{"markdown": "x"}\n\n[1]', "line 3: it must be a JSON object"),
        ('{"markdown": 3}', "line 1: `markdown` must be"),
        ('{"markdwon": "x"}', "line 1: Unknown field `markdwon`"),
        ('{"header": {"headline": "a"}}\n{"header": {}}', "line 2: a second header"),
        ('{"header": {"status": "over"}}', "line 1: `status` must be"),
        (
            '{"markdown": "x", "published_at": "2999-01-01T00:00:00Z"}',
            "line 1: `published_at` must not be in",
        ),
        ('{"markdown": "x", "published_at": "2020-01-01"}', "line 1: `published_at` must be a time"),
        ('{"markdown": "x", "id": [1]}', "line 1: `id` must be text"),
        ("", "nothing to import"),
        (b"\xff\xfe\x00{".decode("latin-1"), "neither XML nor JSON lines|not JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, lines: str, words: str):
    with pytest.raises(StartError, match=words):
        read_text(tmp_path, lines)


def test_all_wrong_lines_are_named_at_once(tmp_path: Path):
    with pytest.raises(StartError) as error:
        read_text(tmp_path, '{"key": 1, "markdown": "x"}\n' * 25)
    assert str(error.value).count("line ") == 20 and "and 5 more" in str(error.value)


def test_equal_lines_are_several_entries_and_foreign_ids_are_kept_apart(tmp_path: Path):
    entries: list[dict[str, Any]] = [
        {"markdown": "x"},
        {"markdown": "x"},
        {"id": "7", "markdown": "y"},
        {"id": 8, "markdown": "y"},
    ]
    content = read_text(tmp_path, "\n".join(map(json.dumps, entries)))
    assert len({entry.fields["id"] for entry in content.entries}) == 4


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"markdown": "x"}')))
    assert len(read("-").entries) == 1
