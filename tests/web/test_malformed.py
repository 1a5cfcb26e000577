"""Whatever is sent, the answer is a 4xx that says what is wrong, and the blog stays as it is.

Each table is a list of (what, how it is sent, the status, the field to blame). Run with `-s` to see the counts.
"""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import msgpack
import pytest

from tests.support.cursors import MALFORMED_CURSORS

JSON, MSGPACK = "application/json", "application/msgpack"

NOBODY = "0192a000-0000-7000-8000-000000000000"

DEEP = 100_000

SEED = 20_201_009


class Bad(NamedTuple):
    """A body that must be refused."""

    body: bytes
    status: int
    field: str | None = None
    kind: str = JSON


def wrong(field: str, value: Any) -> Bad:
    return Bad(json.dumps({"title": "x", field: value}).encode(), 422, field)


BAD_TIMES = (
    *("", "now", "2020", "2020-10-09", "2020-10-09T06:12:00", "2020-13-09T06:12:00Z", "2020-02-30T06:12:00Z"),
    *("2020-10-09T25:00:00Z", "2020-10-09T06:61:00Z", "2020-10-09T06:12:00+25:00", "2020-10-09T06:12:00+00:99"),
    *("10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "-2020-10-09T06:12:00Z", "2020-10-09T06:12:00Zulu"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", " 2020-10-09T06:12:00Z", "٢٠٢٠-10-09T06:12:00Z"),
)


WIDTH = b'{"media":[{"type":"image","url":"https://example.org","width":%s}]}'

WRONG_VALUES: dict[str, tuple[Any, ...]] = {
    "markdown html title correction": (7, 1.5, True, [], {}, ["x"]),
    "key pinned breaking": (7, 0, "true", "", [], {}),
    "event_at publish_at published_at": (*BAD_TIMES, 7, 1602223920, True, [], {}),
    "authors tags media corrections": (7, "x", True, {}),
    "status": ("", None, 7, "retracted", "Published", "deleted", []),
}


def wrong_values() -> Iterator[Bad]:
    """Well-formed bodies with one field that has a wrong value."""
    for fields, values in WRONG_VALUES.items():
        yield from (wrong(field, value) for field in fields.split() for value in values)
    yield from (wrong("title", "x" * 501), wrong("correction", "x" * 5_001))
    yield from (wrong("tags", ["x"] * 51), wrong("authors", [{"name": "x"}] * 51))
    tags: tuple[Any, ...] = ("", 7, None, "x" * 101, [], {})
    yield from (wrong("tags", ["ok", tag])._replace(field="tags[...]") for tag in tags)


def wrong_parts() -> Iterator[Bad]:
    """Wrong values deeper down."""
    image = {"type": "image", "url": "https://example.org/a"}
    parts: list[tuple[str, str, Any]] = [
        ("authors[...]", "authors", [{}]),
        ("authors[...].name", "authors", [{"name": 7}]),
        ("authors[...].url", "authors", [{"name": "x", "url": "javascript:alert(1)"}]),
        ("email", "authors", [{"name": "x", "email": "x"}]),
        ("source", "source", "Anadolu"),
        ("source", "source", {}),
        ("source.url", "source", {"name": "x", "url": "ftp://example.org"}),
        ("media[...]", "media", [{"type": "image"}]),
        ("media[...].type", "media", [image | {"type": "gif"}]),
        ("media[...].url", "media", [image | {"url": "data:,x"}]),
        *(("media[...].width", "media", [image | {"width": width}]) for width in (0, 10**30)),
        ("media[...].height", "media", [image | {"height": 1.5}]),
        ("corrections[...]", "corrections", [{"at": "2020-10-09T06:12:00Z"}]),
        ("corrections[...].at", "corrections", [{"text": "x", "at": "yesterday"}]),
        ("corrections", "corrections", [{"text": "x", "at": "0001-01-01T00:00:00+23:59"}]),
        ("publish_at", "status", "scheduled"),
        *((name, name, "2999-01-01T00:00:00Z") for name in ("publish_at", "published_at")),
        ("markdown", "markdown", "[" * 100_000),
        ("html", "html", "<b>" * 60_000),
    ]
    yield from (wrong(name, value)._replace(field=inside) for inside, name, value in parts)
    yield Bad(b'{"markdown": "a", "html": "b"}', 422, "html")
    yield Bad(b"{}", 422, "markdown")
    names = "titel id seq version text note retracted_at updated_at type __proto__".split()
    yield from (wrong(name, "y") for name in ("", *names))


def wrong_bytes() -> Iterator[Bad]:
    """Bodies that are not what their Content-Type says, or no object."""
    for body in (
        *(b"", b" ", b"{", b"}", b'{"title"', b'{"title":', b'{"title":"x"', b'{"title":"x",}', b"\xef\xbb\xbf{}"),
        *(
            b'{"title":"x"}{}',
            b"{'title':'x'}",
            b"title=x",
            b"<title/>",
            b"\0",
            b"\xff\xfe{\0}\0",
            b"nul",
            b"undefined",
        ),
    ):
        yield Bad(body, 400)
    for body in (b"null", b"7", b'"x"', b"[]", b"[{}]", b"true", b"1e400", b"-0"):
        yield Bad(body, 422)
    for literal in (b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"1.", b"1e", b"'x'", b"//x"):
        yield Bad(b'{"key": ' + literal + b"}", 400)
        yield Bad(WIDTH % literal, 400)
    for text in (
        *(rb"\ud800", rb"\udfff", rb"\ud800\ud800", rb"\ud800x", rb"\u12", rb"\x41", rb"\u{41}", b"\xff", b"\xc0\x80"),
        *(b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"a\nb", b"a\0b", b"\x1f"),
    ):
        yield Bad(b'{"title": "' + text + b'"}', 400)
    for number in (b"1" * 5_000, b"1e999999", b"-" + b"9" * 4_000, b"1" * 310 + b".0", b"9007199254740993"):
        yield Bad(WIDTH % number, 422, "media[...].width")


def deep() -> Iterator[Bad]:
    """Nesting that no parser should follow."""
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
        times = min(DEEP, 250_000 // (len(opening) + len(closing)))
        for nested in (opening * times, opening * times + b"1" + closing * times):
            for field in (b"title", b"tags", b"media", b"authors", b"source", b"unknown"):
                yield Bad(b'{"' + field + b'":' + nested + b"}", 4)  # 400 or 422: whichever is seen first
            yield Bad(nested, 4)
    for opening in (b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\xdd\x00\x00\x00\x01"):
        nested = opening * min(DEEP, 250_000 // len(opening))
        for field in (b"title", b"tags", b"media", b"source", b"other"):
            yield Bad(b"\x81" + bytes([0xA0 + len(field)]) + field + nested, 4, None, MSGPACK)
        yield Bad(nested, 4, None, MSGPACK)


def wrong_msgpack() -> Iterator[Bad]:
    value: Any
    packed = msgpack.packb({"title": "x", "tags": ["a"], "event_at": "2020-10-09T06:12:00Z"})
    for end in range(len(packed)):
        yield Bad(packed[:end], 400, None, MSGPACK)
    yield Bad(packed + b"\0", 400, None, MSGPACK)
    for body in (b"\xc1", b"\xdf\xff\xff\xff\xff", b"\x81\xa5title\xdb\xff\xff\xff\xff"):
        yield Bad(body, 400, None, MSGPACK)
    for body in (b"\x81\xa5title\xa1\xff", b"\x81\xa5title\xa3\xed\xa0\x80"):  # no UTF-8
        yield Bad(body, 400, None, MSGPACK)
    for value in (b"\xc0", b"\x01", b"\x90", b"\xa1x", b"\xc4\x01x", b"\xd4\x01x", b"\xd6\xff" + b"\0" * 4):
        yield Bad(value, 422, None, MSGPACK)
    for value in (7, 1.5, b"x", [], {"a": 1}, msgpack.ExtType(5, b"x"), msgpack.Timestamp(0), float("nan")):
        yield Bad(msgpack.packb({"title": value}), 422, "title", MSGPACK)
    for value in (float("nan"), float("inf"), 2**63, -1, b"1", msgpack.ExtType(5, b"x")):
        media = {"type": "image", "url": "https://example.org", "width": value}
        yield Bad(msgpack.packb({"media": [media]}), 422, "media[...].width", MSGPACK)
    for key in (7, b"title", None, 1.5, True):
        yield Bad(msgpack.packb({key: "x"}), 422, None, MSGPACK)
    for seconds in (253_402_300_800, -62_135_596_801, 2**62, -(2**62)):
        timestamp = b"\xc7\x0c\xff" + struct.pack(">Iq", 0, seconds)
        yield Bad(b"\x82\xa5title\xa1x\xa8event_at" + timestamp, 422, None, MSGPACK)
    yield Bad(
        b"\x82\xa5title\xa1x\xa8event_at\xc7\x0c\xff" + struct.pack(">Iq", 2**32 - 1, 0), 422, "event_at", MSGPACK
    )
    yield Bad(b"\x82\xa5title\xa1x\xa8event_at\xd5\xff\0\0", 422, "event_at", MSGPACK)


def wrong_types() -> Iterator[Bad]:
    for kind in (*"text/plain text/json application/xml json application/ */* application/json5 \xe9".split(), ""):
        yield Bad(b'{"title":"x"}', 415, None, kind)
    yield Bad(msgpack.packb({"title": "x"}), 400, None, JSON)
    yield Bad(b'{"title":"x"}', 4, None, MSGPACK)  # 0x7b is a number


def broken_at_random(count: int) -> Iterator[Bad]:
    """A valid body with some of its bytes changed, cut out or doubled, as long as it is no object any more."""
    chance = random.Random(SEED)
    whole = {"title": "x", "markdown": "Ergün *said*", "tags": ["a", "b"], "key": True}
    whole |= {"media": [], "authors": [{"name": "A"}]}
    for _ in range(count):
        as_json = chance.random() < 0.5
        body = bytearray(json.dumps(whole, ensure_ascii=False).encode() if as_json else msgpack.packb(whole))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(body))
            match chance.randrange(3):
                case 0:
                    body[place] = chance.randrange(256)
                case 1:
                    del body[place : place + chance.randint(1, 8)]
                case 2:
                    body[place:place] = body[place : place + chance.randint(1, 8)]
            body = body or bytearray(b"?")
        yield Bad(bytes(body), 4, None, JSON if as_json else MSGPACK)


def random_bytes(count: int) -> Iterator[Bad]:
    chance = random.Random(SEED)
    for number in range(count):
        yield Bad(b"\xc1" + chance.randbytes(chance.randint(0, 300)), 4, None, (JSON, MSGPACK)[number % 2])


LISTED = [
    *wrong_values(),
    *wrong_parts(),
    *wrong_bytes(),
    *deep(),
    *wrong_msgpack(),
    *wrong_types(),
    *random_bytes(400),
]


def matches(expected: str, actual: str | None) -> bool:
    """`...` stands for an index: servers may give it or not."""
    return actual is not None and expected.replace("[...]", "") == "".join(
        part.partition("]")[2] if number else part for number, part in enumerate(actual.split("["))
    )


def fault(bad: Bad, answer: httpx.Response) -> str | None:
    """What is wrong with the answer to a bad body."""
    statuses = (400, 422) if bad.status == 4 else (bad.status,)
    if answer.status_code not in statuses:
        return f"{answer.status_code} instead of {bad.status}"
    if answer.headers["content-type"] != "application/problem+json":
        return f"a {answer.headers['content-type']}"
    problem = answer.json()
    if len(problem["detail"]) < 15:
        return f"no useful detail: {problem['detail']!r}"
    if bad.field is not None and not matches(bad.field, problem.get("field")):
        return f"field {problem.get('field')!r} instead of {bad.field!r}"
    return None


async def state(editor: httpx.AsyncClient, blog: str) -> tuple[str, Any]:
    """The blog as readers and as editors see it."""
    update = (await editor.get(f"/blogs/{blog}/changes")).json()
    return update["cursor"], (await editor.get(f"/api/blogs/{blog}/entries")).json()


async def test_every_malformed_body_is_refused_and_changes_nothing(editor: httpx.AsyncClient, blog: str):
    entry = (await editor.post(f"/api/blogs/{blog}/entries", json={"title": "x"})).headers["location"]
    before = await state(editor, blog)
    faults, statuses = [], Counter[int]()
    for number, bad in enumerate(LISTED):
        method, address = ("POST", f"/api/blogs/{blog}/entries") if number % 2 or bad.field else ("PATCH", entry)
        headers = {b"content-type": bad.kind.encode("latin-1")}
        answer = await editor.request(method, address, content=bad.body, headers=headers)
        statuses[answer.status_code] += 1
        if problem := fault(bad, answer):
            faults.append(f"{method} {bad.kind} {bad.body[:80]!r} of {len(bad.body)}: {problem}: {answer.text[:200]}")
    print(f"{len(LISTED)} malformed bodies: {dict(sorted(statuses.items()))}")  # noqa: T201, the count is asked for
    assert not faults, "\n".join(faults)
    assert await state(editor, blog) == before


async def test_bodies_broken_at_random_are_refused_or_valid(editor: httpx.AsyncClient, blog: str):
    statuses = Counter[int]()
    for bad in broken_at_random(600):
        headers = {"content-type": bad.kind}
        answer = await editor.post(f"/api/blogs/{blog}/entries", content=bad.body, headers=headers)
        statuses[answer.status_code] += 1
        assert answer.status_code in (201, 400, 422), f"{bad.body!r}: {answer.text}"
    print(f"600 bodies broken at random: {dict(sorted(statuses.items()))}")  # noqa: T201, the count is asked for
    entries = (await editor.get(f"/api/blogs/{blog}/entries", params={"limit": 500})).json()["entries"]
    assert len(entries) == statuses[201]
    assert statuses[400] + statuses[422] > 300


HEADER_VALUES: dict[str, tuple[Any, ...]] = {
    "headline": (7, "x" * 501),
    "status": ("over", None),
    "language": ("english language", "en\n"),
    "timezone": ("../etc/passwd", "Europe/Nowhere"),
    "coverage_start": ("today",),
    "coverage_end": ("0001-01-01T00:00:00+23:59",),
    "url": ("javascript:alert(1)", "https://example.org/\n"),
    "image": ({"type": "image"},),
    "related": ([{"title": "x"}],),
    "pinned": (NOBODY, "", "header"),
    "blog": ("x",),
    "seq": (1,),
}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("field", HEADER_VALUES)
async def test_a_malformed_header_changes_nothing(editor: httpx.AsyncClient, blog: str, method: str, field: str):
    before = await state(editor, blog)
    for value in HEADER_VALUES[field]:
        answer = await editor.request(method, f"/api/blogs/{blog}", json={field: value})
        assert answer.status_code == 422, answer.text
        assert matches(field, answer.json()["field"].partition("[")[0])
    assert await state(editor, blog) == before


@pytest.mark.parametrize("body", [{"note": 7}, {"note": ""}, {"note": "x" * 5_001}, {"reason": "x"}])
async def test_a_malformed_note_retracts_nothing(editor: httpx.AsyncClient, blog: str, body: dict[str, Any]):
    address = (await editor.post(f"/api/blogs/{blog}/entries", json={"title": "x"})).headers["location"]
    answer = await editor.request("DELETE", address, json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(body)))
    assert (await editor.get(address)).json()["status"] == "published"


HEADERS = [
    *(
        ("if-match", text)
        for text in ("", "1", '"1', "'1'", '"1" "2"', '"1",', ",", '*,"1"', "W/1", "\xe9", "x" * 5_000)
    ),
    *(("idempotency-key", text) for text in ("", "\xe9", "x" * 256, "a\tb", "x" * 5_000)),
]


@pytest.mark.parametrize(("name", "value"), HEADERS, ids=[f"{name}-{value[:20]!r}" for name, value in HEADERS])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_malformed_field_is_refused(editor: httpx.AsyncClient, blog: str, method: str, name: str, value: str):
    entry = (await editor.post(f"/api/blogs/{blog}/entries", json={"title": "x"})).headers["location"]
    before = await state(editor, blog)
    address = {"POST": f"/api/blogs/{blog}/entries", "PUT": f"/api/blogs/{blog}"}.get(method, entry)
    body = {"title": "y"} if method in ("POST", "PATCH") else {}
    headers = {name.encode(): value.encode("latin-1")}
    answer = await editor.request(method, address, json=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert name in answer.json()["detail"].lower()
    assert await state(editor, blog) == before


BAD_QUERIES = {
    "since": [*MALFORMED_CURSORS, "null", "0-0", "-1-a", "1-a\0", "1-\ufffd", "9" * 30 + "-a", "1-" + "a" * 5_000],
    "wait": ["", "x", "-1", "NaN", "inf", "1e9", "1s", "1.", "\u0661", "0x10", "9999999", "\0", "9" * 5_000],
    "limit": ["", "0", "-1", "x", "1.5", "1e2", "\u0661", "501", "9" * 5_000, "\0", "1;2"],
    "before": ["", "x", "_", "9", f"9{NOBODY}", "\0", "x" * 5_000, f"2020-10-09_{NOBODY}", f"_{NOBODY}", "9_x"],
    "status": ["", "x", "Draft", "published,draft", "\0"],
    "view": ["xml", ""],
}

SURFACES = [
    ("/blogs/{blog}/changes", "since wait view", 400),
    ("/blogs/{blog}/events", "since view", 400),
    ("/blogs/{blog}/entries", "limit before view", 400),
    ("/blogs/{blog}", "before", 400),
    ("/api/blogs", "limit", 400),
    ("/api/blogs/{blog}/entries", "limit before", 400),
    ("/api/blogs/{blog}/entries", "status", 422),
]


@pytest.mark.parametrize(("address", "names", "status"), SURFACES)
async def test_a_wrong_query_is_refused(editor: httpx.AsyncClient, blog: str, address: str, names: str, status: int):
    for name, value in ((one, value) for one in names.split() for value in BAD_QUERIES[one]):
        answer = await editor.get(address.format(blog=blog), params={name: value})
        assert (answer.status_code, answer.json()["field"]) == (status, name), (name, value)
        assert len(answer.json()["detail"]) < 400
