"""The surface `entries`: older pages, and one entry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.fixtures import Post

NOBODY = "0192a000-0000-7000-8000-000000000000"


async def walked(reader: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    """All pages from an address on."""
    pages = []
    while True:
        answer = await reader.get(address)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        if "older" not in pages[-1]:
            return pages
        address = pages[-1]["older"]


@pytest.mark.parametrize("limit", [1, 7, 20, 200])
async def test_a_walk_gives_each_entry_once_newest_first(reader: httpx.AsyncClient, post: Post, blog: str, limit: int):
    for number in range(20):
        await post(published_at=f"2020-10-09T06:{number * 7 % 20 // 2:02}:00Z")  # two at each minute, in any order
    pages = await walked(reader, f"/blogs/{blog}/entries?limit={limit}")
    entries = [entry for page in pages for entry in page["entries"]]
    positions = [(entry["published_at"], entry["id"]) for entry in entries]
    assert len(set(positions)) == 20
    assert positions == sorted(positions, reverse=True)
    assert [len(page["entries"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)


async def test_entries_that_come_during_a_walk_move_no_pages(reader: httpx.AsyncClient, post: Post, blog: str):
    ids = [(await post())["id"] for _ in range(6)]
    first = (await reader.get(f"/blogs/{blog}/entries?limit=3")).json()
    await post()
    (rest,) = await walked(reader, first["older"])
    assert [entry["id"] for entry in first["entries"] + rest["entries"]] == ids[::-1]


async def test_a_page_says_of_which_cursor_it_is(reader: httpx.AsyncClient, post: Post, blog: str):
    assert (await reader.get(f"/blogs/{blog}/entries")).json()["entries"] == []
    cursor = (await post())["cursor"]
    answer = await reader.get(f"/blogs/{blog}/entries")
    assert (answer.json()["cursor"], answer.headers["etag"]) == (cursor, f'"{cursor}"')
    known = {"if-none-match": answer.headers["etag"]}
    assert (await reader.get(f"/blogs/{blog}/entries", headers=known)).status_code == 304


async def test_an_entry_is_json_for_programs_and_a_page_for_browsers(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post(markdown="Talks begin.")
    answer = await reader.get(f"/blogs/{blog}/entries/{entry['id']}")
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "accept")
    assert answer.json() == {name: value for name, value in entry.items() if name not in ("markdown", "cursor")}
    answer = await reader.get(f"/blogs/{blog}/entries/{entry['id']}", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "Talks begin." in answer.text


async def test_an_entrys_etag_is_its_own(editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str):
    entry, other = await post(), await post()
    address = f"/blogs/{blog}/entries/{entry['id']}"
    etag = (await reader.get(address)).headers["etag"]
    await editor.patch(f"/api/blogs/{blog}/entries/{other['id']}", json={"title": "T"})
    assert (await reader.get(address, headers={"if-none-match": etag})).status_code == 304
    await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": "T"})
    assert (await reader.get(address, headers={"if-none-match": etag})).status_code == 200


@pytest.mark.parametrize("entry", [NOBODY, "header", "x", "%00"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_an_entry_that_is_not_there_is_not_found(reader: httpx.AsyncClient, blog: str, entry: str, accept: str):
    answer = await reader.get(f"/blogs/{blog}/entries/{entry}", headers={"accept": accept})
    assert answer.status_code == 404
