"""Updates in HTML: whichever way a reader comes to a cursor, it shows what the server would render there."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import httpx
import msgspec
import pytest

from stoppress.live.answers import Answers
from stoppress.live.replica import Fit, Replica
from stoppress.model import START, Cursor, Entry, Header, Link, Segment
from stoppress.web.pages.layout import Layout
from stoppress.web.readers.renditions import Renditions
from stoppress.wire.encodings import Codec
from tests.support.history import History, entry

RENDERER = Layout().renderer


def html_codec() -> Codec:
    return Renditions(RENDERER).of_subprotocol("stoppress.v1+html", "en").changes.codec


class Screen:
    """A reader that shows what it gets."""

    def __init__(self) -> None:
        self.cursor: Cursor | None = None
        self.entries: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.header: dict[str, Any] = {}

    def follow(self, replica: Replica, codec: Codec) -> None:
        """Come to the head, part by part."""
        answers = Answers(replica)
        while self.cursor != replica.cursor:
            message = json.loads(answers.to(self.cursor, codec).payload)
            if message["from"] is None:
                self.entries, self.parts = {}, {}
            self.entries |= {one["id"]: one["html"] for one in message["entries"]}
            self.parts |= message.get("parts", {})
            self.header = message.get("header", self.header)
            self.cursor = Cursor.parse(message["cursor"])

    def shown(self) -> tuple[Any, ...]:
        # The links to other pages are those of what the reader has loaded
        return self.entries, {name: html for name, html in self.parts.items() if name != "pages"}, self.header


class Desk:
    """Editors who do anything."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.line = History()
        self.entries: dict[int, Entry] = {}
        self.header = Header(blog="demo", headline="One", status="live")
        self.line.commit(self.header)

    def work(self) -> Segment:
        """Commit something."""
        number = self._random.randrange(8)
        known = self.entries.get(number)
        if known is None or known.status == "retracted":
            known = entry(number)
        made = msgspec.structs.replace(known, key=self._random.random() < 0.5, title=f"Title {self._random.random()}")
        if self._random.random() < 0.2:
            made = msgspec.structs.replace(entry(number), text=None, status="retracted")
        self.entries[number] = made
        match self._random.randrange(4):
            case 0:
                pinned = self._random.choice([None, made.id])
                related = [Link("More", "https://example.org/")] * self._random.randrange(2)
                self.header = msgspec.structs.replace(self.header, pinned=pinned, related=related)
                named = [one.id for one in self.entries.values()]
                self._random.shuffle(named)
                self.header.summary = named[: self._random.randrange(4)]
                return self.line.commit(self.header, made)
            case _:
                return self.line.commit(made)


@pytest.mark.parametrize("seed", range(30))
def test_every_way_to_a_cursor_shows_the_same(seed: int):
    random = Random(seed)
    desk, nodes = Desk(random), [Replica("demo"), Replica("demo")]
    codec = html_codec()
    codec.part_bytes = random.choice([300, 65_536])
    heard = random.choice([0.3, 0.6, 1])
    """The share of changes that nodes hear of at once."""
    readers = [Screen() for _ in range(4)]
    for _ in range(80):
        for _ in range(random.randrange(4)):
            change = desk.work()
            for node in nodes:
                # A node that missed changes reads them when it hears of the next one
                if random.random() < heard and node.apply(change) is Fit.GAP:
                    node.absorb(desk.line.read(node.cursor))
        reader, node = random.choice(readers), random.choice(nodes)
        if reader.cursor is not None and reader.cursor.seq > node.cursor.seq:
            continue  # a server would read the store first
        reader.follow(node, codec)
        fresh = Screen()
        fresh.follow(node, codec)
        assert reader.shown() == fresh.shown()


def test_a_reader_that_begins_at_0_is_sent_the_whole_blog():
    line = History()
    line.commit(Header(blog="demo", headline="One", status="live"), entry(1), entry(2))
    replica, codec = Replica("demo", newest=1), html_codec()
    replica.absorb(line.read())
    reader = Screen()
    reader.cursor = START
    reader.follow(replica, codec)
    assert len(reader.entries) == 2 and set(reader.parts) == {"title", "related", "pinned", "key-events"}


def test_what_has_not_changed_is_not_sent_again():
    line = History()
    line.commit(Header(blog="demo", headline="One", status="live"))
    replica, codec = Replica("demo"), html_codec()
    replica.apply(line.read())
    before = replica.cursor
    replica.apply(line.commit(entry(1)))
    message = json.loads(Answers(replica).to(before, codec).payload)
    assert "parts" not in message and "header" not in message
    assert set(message["entries"][0]) == {"id", "seq", "version", "status", "published_at", "html"}


async def test_it_speaks_the_language_asked_for(reader: httpx.AsyncClient, editor: httpx.AsyncClient, blog: str):
    await editor.post(f"/api/blogs/{blog}/entries", json={"title": "x", "breaking": True})
    for lang, said in (("de-AT", "Eilmeldung"), ("en", "Breaking"), ("tlh", "Breaking")):
        answer = await reader.get(f"/blogs/{blog}/changes", params={"view": "html", "lang": lang})
        assert said in answer.json()["entries"][0]["html"]
