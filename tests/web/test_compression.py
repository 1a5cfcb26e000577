"""gzip over plain HTTP: who gets it, what stays as it is, and ETags that tell the two apart."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest

from stoppress.web.compression import MAX_INLINE_BYTES, MIN_BYTES

GZIP = {"accept-encoding": "gzip"}
PLAIN = {"accept-encoding": "identity"}


async def raw(reader: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they were on the wire."""
    async with reader.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.fixture
async def long(editor: httpx.AsyncClient, blog: str) -> str:
    """A blog whose every surface has something to compress."""
    for number in range(20):
        await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": f"Entry {number}. " * 20})
    return blog


PATHS = [f"/blogs/{{}}{surface}" for surface in ("", "/embed", ".atom", ".json", "/changes", "/entries")]
PATHS += ["/static/stoppress.css", "/client/element.js", "/api/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
async def test_who_accepts_gzip_gets_the_same_in_less(reader, long, path):
    plain, body = await raw(reader, path.format(long), **PLAIN)
    packed, packed_body = await raw(reader, path.format(long), **GZIP)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed_body) == body
    assert len(packed_body) < len(body) / 2
    assert int(packed.headers["content-length"]) == len(packed_body)
    assert all("accept-encoding" in answer.headers["vary"].lower() for answer in (plain, packed))


@pytest.mark.parametrize("path", PATHS[:-1])
async def test_each_coding_has_a_strong_etag_of_its_own(reader, long, path):
    path = path.format(long)
    plain, packed = [(await reader.get(path, headers=headers)).headers["etag"] for headers in (PLAIN, GZIP)]
    assert packed == f'{plain[:-1]}-gzip"'
    for etag in (plain, packed):
        answer = await reader.get(path, headers={**GZIP, "if-none-match": f'"other", {etag}'})
        assert (answer.status_code, answer.headers["etag"]) == (304, etag)
        assert "accept-encoding" in answer.headers["vary"].lower()
    assert (await reader.get(path, headers={**GZIP, "if-none-match": '"other-gzip"'})).status_code == 200
    assert (await reader.get(path, headers={"if-none-match": "*"})).status_code == 304


@pytest.mark.parametrize(
    ("accept", "packed"), [("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False)]
)
async def test_only_who_accepts_gzip_gets_it(reader, long, accept, packed):
    answer, _ = await raw(reader, f"/blogs/{long}", **{"accept-encoding": accept})
    assert ("content-encoding" in answer.headers) == packed


async def test_short_answers_are_sent_as_they_are(reader, blog):
    answer, body = await raw(reader, f"/blogs/{blog}/changes", **GZIP)
    assert len(body) < MIN_BYTES
    assert "content-encoding" not in answer.headers


async def test_event_streams_are_never_compressed(reader, long):
    async with reader.stream("GET", f"/blogs/{long}/events", headers=GZIP) as answer:
        first = await anext(answer.aiter_raw())
    assert "content-encoding" not in answer.headers
    assert first.startswith(b"retry: ")


async def test_answers_to_editors_are_never_compressed(editor, long):
    answer, body = await raw(editor, f"/api/blogs/{long}/entries", **GZIP)
    assert len(body) > MIN_BYTES
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_head_says_of_itself_what_get_would(reader, long, path):
    got = (await reader.get(path.format(long), headers=GZIP)).headers
    asked = await reader.head(path.format(long), headers=GZIP)
    names: Any = ("etag", "content-encoding", "content-type", "vary")
    assert {name: asked.headers.get(name) for name in names} == {name: got.get(name) for name in names}
    assert asked.headers.get("content-length") in (None, got["content-length"])
    assert asked.content == b""


async def test_a_large_answer_is_compressed_too(editor, reader, blog):
    for _ in range(4):
        await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "word " * 20_000})
    answer, body = await raw(reader, f"/blogs/{blog}/changes", **GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(body)) > MAX_INLINE_BYTES
