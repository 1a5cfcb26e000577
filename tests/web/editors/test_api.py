"""The editors' surface over real HTTP, row by row of "Surface for editors" in docs/reference/protocol.md."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import httpx
import msgpack
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartNode
from tests.support.node import RunningNode

CURSOR = r"[1-9][0-9]*-[0-9a-zA-Z]+"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
NOBODY = "0192a000-0000-7000-8000-000000000000"

Post = Callable[..., Awaitable[httpx.Response]]

_names = count(1)


def a_name() -> str:
    return f"new-{next(_names)}"


@pytest.fixture
def post(editor: httpx.AsyncClient, blog: str) -> Post:
    async def post(headers: dict[str, str] | None = None, **entry: Any) -> httpx.Response:
        return await editor.post(f"/api/blogs/{blog}/entries", json=entry, headers=headers)

    return post


def assert_problem(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    """A problem+json of that status whose detail has these words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    for word in words:
        assert word in problem["detail"]
    return problem


# Blogs


async def test_a_blog_is_made_by_put(editor: httpx.AsyncClient):
    name = a_name()
    answer = await editor.put(f"/api/blogs/{name}", json={"headline": "Talks"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/blogs/{name}"
    assert answer.headers["etag"] == '"1"'
    assert re.fullmatch(CURSOR, answer.headers["stoppress-cursor"])
    assert answer.json() == {"blog": name, "seq": 1, "headline": "Talks", "status": "live"}


async def test_a_blog_that_was_made_is_at_its_location(editor: httpx.AsyncClient):
    made = await editor.put(f"/api/blogs/{a_name()}", json={"headline": "Talks", "tags": ["a"]})
    found = await editor.get(made.headers["location"])
    assert (found.json(), found.headers["etag"]) == (made.json(), made.headers["etag"])


async def test_a_blog_is_replaced_by_put(editor: httpx.AsyncClient, blog: str):
    await editor.patch(f"/api/blogs/{blog}", json={"standfirst": "Old."})
    answer = await editor.put(f"/api/blogs/{blog}", json={"headline": "New"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert "location" not in answer.headers
    assert answer.json() == {"blog": blog, "seq": 3, "headline": "New", "status": "live"}


async def test_a_header_is_changed_by_patch(editor: httpx.AsyncClient, blog: str):
    answer = await editor.patch(f"/api/blogs/{blog}", json={"status": "ended"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (answer.json()["headline"], answer.json()["status"]) == ("Talks in Moscow", "ended")


async def test_a_header_patch_for_another_version_is_answered_with_the_current_header(
    editor: httpx.AsyncClient, blog: str
):
    await editor.patch(f"/api/blogs/{blog}", json={"headline": "Newer"})
    answer = await editor.patch(f"/api/blogs/{blog}", json={"headline": "x"}, headers={"if-match": '"1"'})
    assert assert_problem(answer, 412, "version 2")["header"]["headline"] == "Newer"
    assert answer.headers["etag"] == '"2"'


async def test_if_match_with_a_star_makes_no_blog(editor: httpx.AsyncClient):
    answer = await editor.put(f"/api/blogs/{a_name()}", json={}, headers={"if-match": "*"})
    assert_problem(answer, 412, "does not exist yet")


CREATE = {"if-none-match": "*"}
JSON = {"content-type": "application/json"}


async def test_a_put_that_only_creates_leaves_a_blog_as_it_is(editor: httpx.AsyncClient):
    address = f"/api/blogs/{a_name()}"
    assert (await editor.put(address, json={"headline": "A"}, headers=CREATE)).status_code == 201
    await editor.patch(address, json={"status": "ended", "standfirst": "S"})
    answer = await editor.put(address, json={"headline": "B"}, headers=CREATE)
    assert assert_problem(answer, 412, "exists", "PATCH")["header"] == (await editor.get(address)).json()
    assert (answer.headers["etag"], answer.json()["header"]["standfirst"]) == ('"2"', "S")


async def test_a_repeated_put_that_only_creates_gets_its_first_answer(editor: httpx.AsyncClient):
    address, headers = f"/api/blogs/{a_name()}", {**CREATE, "idempotency-key": "k"}
    first, second = [await editor.put(address, json={}, headers=headers) for _ in range(2)]
    assert answer_of(first) == answer_of(second)
    assert (first.status_code, replayed(second)) == (201, ["true"])


@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 412), ('"1"', 412), ('"7", W/"1"', 412), ('"7"', 200), ('"01"', 200), ("1", 400), ("", 400)],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
async def test_if_none_match_is_compared_as_http_says(
    editor: httpx.AsyncClient, post: Post, blog: str, method: str, header: str, status: int
):
    address = f"/api/blogs/{blog}" if method == "PUT" else (await post(markdown="x")).headers["location"]
    answer = await editor.request(method, address, content=b"{}", headers={**JSON, "if-none-match": header})
    if method == "GET":
        status = {412: 304}.get(status, 200)
    assert answer.status_code == status


@pytest.mark.parametrize(("header", "status"), [("if-match", 200), ("if-none-match", 412)])
async def test_a_condition_may_come_in_several_headers(editor: httpx.AsyncClient, blog: str, header: str, status: int):
    headers = [(header, '"7"'), (header, '"1"')]
    assert (await editor.patch(f"/api/blogs/{blog}", json={}, headers=headers)).status_code == status


@pytest.mark.parametrize("name", ["-begins-so", "a%20b", "a%0A", "%C3%A4", "a" * 101, "a.b", "%00"])
async def test_a_bad_name_makes_no_blog(editor: httpx.AsyncClient, name: str):
    answer = await editor.put(f"/api/blogs/{name}", json={})
    assert assert_problem(answer, 422, "letters, digits")["field"] == "blog"


async def test_blogs_are_listed_a_page_at_a_time(editor: httpx.AsyncClient):
    made = sorted([a_name() for _ in range(5)])
    for name in made:
        await editor.put(f"/api/blogs/{name}", json={})
    found, address = [], "/api/blogs?limit=2"
    while address:
        page = (await editor.get(address)).json()
        assert len(page["blogs"]) <= 2
        found += [header["blog"] for header in page["blogs"]]
        address = page.get("next")
    assert found == sorted(set(found))
    assert set(made) <= set(found)


async def test_a_blog_is_deleted(editor: httpx.AsyncClient, blog: str):
    answer = await editor.delete(f"/api/blogs/{blog}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(await editor.get(f"/api/blogs/{blog}"), 404, blog, "PUT /api/blogs/NAME")


async def test_deleting_a_blog_sends_its_readers_away_for_good(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    async with connect(f"{node.websocket_url}/blogs/{blog}/live") as line:
        await line.recv()
        await editor.delete(f"/api/blogs/{blog}")
        async with asyncio.timeout(30):
            await line.wait_closed()
    assert line.close_code == 4404


async def test_a_deleted_blog_is_on_no_readers_surface(editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str):
    await reader.get(f"/blogs/{blog}/changes")
    await editor.delete(f"/api/blogs/{blog}")
    for address in ("", "/changes", "/events", "/entries", f"/entries/{NOBODY}"):
        assert (await reader.get(f"/blogs/{blog}{address}")).status_code == 404


async def test_a_blog_made_anew_resets_the_readers_of_the_old_one(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str
):
    old = (await editor.patch(f"/api/blogs/{blog}", json={"headline": "Old"})).headers["stoppress-cursor"]
    await editor.delete(f"/api/blogs/{blog}")
    await editor.put(f"/api/blogs/{blog}", json={"headline": "New"})
    await editor.patch(f"/api/blogs/{blog}", json={"standfirst": "It has as many changes."})
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": old})).json()
    assert (update["from"], update["header"]["headline"]) == (None, "New")


# Entries


async def test_an_entry_is_created(post: Post, blog: str):
    answer = await post(markdown="Talks *begin*.", title="Talks", key=True)
    entry = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(UUID, entry["id"])
    assert answer.headers["location"] == f"/api/blogs/{blog}/entries/{entry['id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["stoppress-cursor"].startswith(f"{entry['seq']}-")
    assert entry == {
        "id": entry["id"],
        "seq": 2,
        "version": 1,
        "status": "published",
        "title": "Talks",
        "markdown": "Talks *begin*.",
        "html": "<p>Talks <em>begin</em>.</p>",
        "text": "Talks begin.",
        "key": True,
        "pinned": False,
        "breaking": False,
        "published_at": entry["published_at"],
        "updated_at": entry["published_at"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["published_at"])


async def test_an_entry_that_was_created_is_at_its_location(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x", tags=["a"])
    found = await editor.get(created.headers["location"])
    assert (found.status_code, found.json()) == (200, created.json())
    assert found.headers["etag"] == created.headers["etag"]


async def test_a_readers_surface_has_an_entry_at_once(reader: httpx.AsyncClient, post: Post, blog: str):
    created = await post(markdown="x")
    public = await reader.get(f"/blogs/{blog}/entries/{created.json()['id']}")
    assert public.json()["text"] == "x"
    assert "markdown" not in public.json()


async def test_the_cursor_of_an_answer_can_be_read_on_from_right_away(reader: httpx.AsyncClient, post: Post, blog: str):
    for number in range(20):
        cursor = (await post(markdown=str(number))).headers["stoppress-cursor"]
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor})).json()
        assert (update["from"], update["cursor"], update["entries"]) == (cursor, cursor, [])


async def test_a_write_is_seen_by_a_reader_who_asks_from_before_it(reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await post(markdown="a")).headers["stoppress-cursor"]
    await post(markdown="b")
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": before})).json()
    assert [entry["text"] for entry in update["entries"]] == ["b"]


async def test_an_entry_is_edited(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x", title="T")
    answer = await editor.patch(created.headers["location"], json={"markdown": "y", "correction": "Not x."})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert re.fullmatch(CURSOR, answer.headers["stoppress-cursor"])
    entry = answer.json()
    assert (entry["text"], entry["title"], entry["seq"], entry["version"]) == ("y", "T", 3, 2)
    assert [correction["text"] for correction in entry["corrections"]] == ["Not x."]


async def test_an_edit_for_the_version_that_was_read_wins(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x")
    headers = {"if-match": created.headers["etag"]}
    assert (await editor.patch(created.headers["location"], json={"title": "T"}, headers=headers)).status_code == 200


async def test_an_edit_for_another_version_is_answered_with_the_current_entry(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x")).headers["location"]
    await editor.patch(address, json={"title": "first"})
    answer = await editor.patch(address, json={"title": "second"}, headers={"if-match": '"1"'})
    assert assert_problem(answer, 412, "version 2")["entry"] == (await editor.get(address)).json()
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize(
    ("header", "status"), [("*", 200), ('"7", "1"', 200), ('W/"1"', 412), ('"01"', 412), ('""', 412)]
)
async def test_if_match_is_compared_as_http_says(editor: httpx.AsyncClient, post: Post, header: str, status: int):
    address = (await post(markdown="x")).headers["location"]
    assert (await editor.patch(address, json={}, headers={"if-match": header})).status_code == status


async def test_an_entry_is_retracted(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x", title="T")
    answer = await editor.request("DELETE", created.headers["location"], json={"note": "It was wrong."})
    entry = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert entry == {
        "id": created.json()["id"],
        "seq": 3,
        "version": 2,
        "status": "retracted",
        "published_at": created.json()["published_at"],
        "retracted_at": entry["retracted_at"],
        "note": "It was wrong.",
    }


async def test_a_retraction_needs_no_body(editor: httpx.AsyncClient, post: Post):
    answer = await editor.delete((await post(markdown="x")).headers["location"])
    assert (answer.status_code, answer.json()["status"]) == (200, "retracted")


async def test_a_retraction_for_another_version_loses(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x")).headers["location"]
    await editor.patch(address, json={"title": "T"})
    assert_problem(await editor.request("DELETE", address, headers={"if-match": '"1"'}), 412, "version 2")


async def test_a_draft_is_removed(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x", status="draft")).headers["location"]
    assert (await editor.delete(address)).status_code == 204
    assert_problem(await editor.get(address), 404, "has no entry")


async def test_a_retracted_entry_cannot_be_edited(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x")).headers["location"]
    await editor.delete(address)
    assert_problem(await editor.patch(address, json={"title": "T"}), 409, "Create a new one")


async def test_a_scheduled_entry_comes_out(editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await reader.get(f"/blogs/{blog}/changes")).json()["cursor"]
    created = await post(markdown="x", status="scheduled", publish_at="2020-10-09T06:12:00Z")
    assert (created.status_code, created.json()["status"]) == (201, "scheduled")
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": before, "wait": 10})).json()
    assert [entry["id"] for entry in update["entries"]] == [created.json()["id"]]


async def test_drafts_are_listed(editor: httpx.AsyncClient, post: Post, blog: str):
    draft = (await post(markdown="x", status="draft")).json()
    await post(markdown="y")
    page = (await editor.get(f"/api/blogs/{blog}/entries", params={"status": "draft"})).json()
    assert page == {"entries": [draft]}


@pytest.mark.parametrize("status", [None, "draft", "published"])
async def test_a_list_is_walked_page_by_page_and_gives_each_entry_once(
    editor: httpx.AsyncClient, post: Post, blog: str, status: str | None
):
    for number in range(7):
        await post(title=str(number), status="draft" if number % 2 else "published")
        await post(title=f"old {number}", published_at="2020-10-09T06:12:00Z")
    query = {"limit": 3} | ({"status": status} if status else {})
    page = (await editor.get(f"/api/blogs/{blog}/entries", params=query)).json()
    ids = [entry["id"] for entry in page["entries"]]
    while "next" in page:
        assert len(page["entries"]) == 3
        page = (await editor.get(page["next"])).json()
        ids += [entry["id"] for entry in page["entries"]]
    assert len(ids) == len(set(ids)) == {None: 14, "draft": 3, "published": 11}[status]


async def test_drafts_come_first_in_the_list_then_the_newest(editor: httpx.AsyncClient, post: Post, blog: str):
    await post(title="old", published_at="2020-10-09T06:12:00Z")
    await post(title="draft", status="draft")
    await post(title="new")
    page = (await editor.get(f"/api/blogs/{blog}/entries")).json()
    assert [entry["title"] for entry in page["entries"]] == ["draft", "new", "old"]


# Idempotency-Key


def answer_of(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but its date, and that it is a repetition."""
    left_out = ("date", "idempotency-replayed")
    return answer.status_code, answer.content, [item for item in answer.headers.items() if item[0] not in left_out]


def replayed(*answers: httpx.Response) -> list[str | None]:
    return [answer.headers.get("idempotency-replayed") for answer in answers]


async def test_the_same_request_gets_the_same_answer(post: Post):
    headers = {"idempotency-key": "k"}
    first, second = await post(headers, markdown="x"), await post(headers, markdown="x")
    assert answer_of(second) == answer_of(first)
    assert replayed(first, second) == [None, "true"]


async def test_the_same_request_is_done_once(editor: httpx.AsyncClient, post: Post, blog: str):
    for _ in range(3):
        await post({"idempotency-key": "k"}, markdown="x")
    assert len((await editor.get(f"/api/blogs/{blog}/entries")).json()["entries"]) == 1


async def test_twenty_equal_requests_at_once_make_one_entry(editor: httpx.AsyncClient, post: Post, blog: str):
    answers = await asyncio.gather(*(post({"idempotency-key": "k"}, markdown="x", pinned=True) for _ in range(20)))
    assert {repr(answer_of(answer)) for answer in answers} == {repr(answer_of(answers[0]))}
    assert replayed(*answers).count("true") == 19
    assert len((await editor.get(f"/api/blogs/{blog}/entries")).json()["entries"]) == 1


async def test_twenty_equal_edits_at_once_for_one_version_are_one_edit(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x")).headers["location"]
    headers = {"idempotency-key": "edit", "if-match": '"1"'}
    edits = [editor.patch(address, json={"title": "T"}, headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*edits)
    assert {(answer.status_code, answer.headers["etag"]) for answer in answers} == {(200, '"2"')}


async def test_a_key_with_another_body_is_a_conflict(post: Post):
    await post({"idempotency-key": "k"}, markdown="x")
    assert_problem(await post({"idempotency-key": "k"}, markdown="y"), 409, "Idempotency-Key", "Use a new one")


async def test_a_key_with_another_method_is_a_conflict(editor: httpx.AsyncClient, post: Post):
    headers = {"idempotency-key": "k"}
    address = (await post(headers, markdown="x")).headers["location"]
    assert_problem(await editor.patch(address, json={"markdown": "x"}, headers=headers), 409, "Idempotency-Key")


async def test_keys_work_for_headers_edits_and_retractions_too(editor: httpx.AsyncClient, post: Post, blog: str):
    address = (await post(markdown="x")).headers["location"]
    for method, target, body in (
        ("PUT", f"/api/blogs/{a_name()}", {"headline": "H"}),
        ("PATCH", f"/api/blogs/{blog}", {"headline": "H"}),
        ("PATCH", address, {"title": "T"}),
        ("DELETE", address, {"note": "N"}),
    ):
        headers = {"idempotency-key": f"{method} {target}"}
        first, second = [await editor.request(method, target, json=body, headers=headers) for _ in range(2)]
        assert answer_of(first) == answer_of(second)
        assert replayed(first, second) == [None, "true"]


async def test_a_repeated_request_does_not_bring_a_retracted_body_back(editor: httpx.AsyncClient, post: Post):
    headers = {"idempotency-key": "k"}
    first = await post(headers, markdown="unmistakable")
    await editor.patch(first.headers["location"], json={"title": "T"}, headers={"idempotency-key": "edit"})
    await editor.delete(first.headers["location"])
    again = await post(headers, markdown="unmistakable")
    assert "unmistakable" not in again.text
    assert (again.status_code, again.json()["status"]) == (201, "retracted")
    assert again.headers["location"] == first.headers["location"]


async def test_a_key_is_remembered_over_a_restart(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    headers = {"idempotency-key": "k"}
    async with node.editor() as editor:
        first = await editor.post("/api/blogs/demo/entries", json={"markdown": "x"}, headers=headers)
    await node.stop()
    await node.start()
    async with node.editor() as editor:
        second = await editor.post("/api/blogs/demo/entries", json={"markdown": "x"}, headers=headers)
        other = await editor.post("/api/blogs/demo/entries", json={"markdown": "y"}, headers=headers)
    assert_problem(other, 409, "Idempotency-Key")
    assert answer_of(second) == answer_of(first)


async def test_a_key_belongs_to_the_editor_who_sent_it(start_node: StartNode):
    node = await start_node(STOPPRESS_KEYS="ann:editor:secret-of-ann bob:editor:secret-of-bob")
    ids = set()
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        await client.put("/api/blogs/demo", json={}, headers={"authorization": "Bearer secret-of-ann"})
        for secret in ("secret-of-ann", "secret-of-bob"):
            headers = {"authorization": f"Bearer {secret}", "idempotency-key": "k"}
            answer = await client.post("/api/blogs/demo/entries", json={"markdown": secret}, headers=headers)
            ids.add(answer.json()["id"])
    assert len(ids) == 2


# Encodings


@pytest.mark.parametrize("kind", ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"])
async def test_a_body_may_be_msgpack(editor: httpx.AsyncClient, blog: str, kind: str):
    body = msgpack.packb({"markdown": "Ergün", "tags": ["a"], "event_at": "2020-10-09T06:12:00Z"})
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["text"]) == (201, "Ergün")
    assert answer.json()["event_at"] == "2020-10-09T06:12:00.000Z"


async def test_an_answer_may_be_msgpack(editor: httpx.AsyncClient, post: Post):
    created = await post({"accept": "application/msgpack"}, markdown="x")
    assert created.headers["content-type"] == "application/msgpack"
    assert msgpack.unpackb(created.content) == (await editor.get(created.headers["location"])).json()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html", "application/json"),
        ("application/json, application/msgpack;q=0.5", "application/json"),
        ("application/json;q=0.5, application/msgpack", "application/msgpack"),
        ("application/msgpack;q=0", "application/json"),
        ("Application/MsgPack", "application/msgpack"),
        ("application/x-msgpack, */*;q=0.1", "application/msgpack"),
        (";;,q=,=;", "application/json"),
    ],
)
async def test_the_encoding_of_an_answer_is_what_the_client_prefers(
    editor: httpx.AsyncClient, blog: str, accept: str, kind: str
):
    answer = await editor.get(f"/api/blogs/{blog}", headers={"accept": accept})
    assert answer.headers["content-type"] == kind


async def test_json_may_come_as_merge_patch(editor: httpx.AsyncClient, blog: str):
    headers = {"content-type": "application/merge-patch+json; charset=utf-8"}
    assert (await editor.patch(f"/api/blogs/{blog}", content=b'{"headline":"H"}', headers=headers)).status_code == 200


# Rejections


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_other_content_types_are_refused(editor: httpx.AsyncClient, blog: str, kind: str):
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=b"{}", headers={"content-type": kind})
    assert_problem(answer, 415, "application/json")


async def test_an_unknown_field_is_an_error_that_names_it(post: Post):
    assert assert_problem(await post(markdown="x", titel="T"), 422, "titel")["field"] == "titel"


async def test_a_wrong_type_is_an_error_that_names_the_field(post: Post):
    problem = assert_problem(await post(markdown="x", media=[{"type": "image", "url": 7}]), 422)
    assert problem["field"] == "media[0].url"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(editor: httpx.AsyncClient, blog: str, announced: bool):
    body = b'{"markdown": "' + b"x" * 300_000 + b'"}'

    async def pieces():
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    content = body if announced else pieces()
    headers = {"content-type": "application/json"}
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=content, headers=headers)
    assert_problem(answer, 413, "262144 bytes")


async def test_who_still_sends_a_body_that_is_too_large_hears_the_answer(node: RunningNode, blog: str):
    """A server that answers and closes before it has read everything resets the connection, and the answer is lost."""
    size = 4_000_000
    head = f"POST /api/blogs/{blog}/entries HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {node.key}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode())
    for _ in range(20):  # like a proxy that passes on what comes over a slow line
        writer.write(b"x" * (size // 20))
        await writer.drain()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ") and b"262144 bytes" in answer


async def test_who_asks_first_does_not_send_a_body_that_is_too_large(node: RunningNode, blog: str):
    head = f"POST /api/blogs/{blog}/entries HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {node.key}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(f"{head}Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n".encode())
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_takes_too_long_to_render_is_refused(post: Post):
    assert assert_problem(await post(markdown="[" * 200_000), 422, "too much markup")["field"] == "markdown"


async def test_the_server_answers_others_while_a_long_body_is_rendered(editor: httpx.AsyncClient, post: Post):
    rendering = asyncio.ensure_future(post(markdown="![" * 100_000))
    answered = 0
    while not rendering.done():
        assert (await editor.get("/livez")).status_code == 200
        answered += 1
    assert answered > 5


EVERY_WRITE = [
    ("GET", "/api/blogs"),
    ("GET", "/api/blogs/x"),
    ("PUT", "/api/blogs/x"),
    ("PATCH", "/api/blogs/x"),
    ("DELETE", "/api/blogs/x"),
    ("GET", "/api/blogs/x/entries"),
    ("POST", "/api/blogs/x/entries"),
    ("GET", f"/api/blogs/x/entries/{NOBODY}"),
    ("PATCH", f"/api/blogs/x/entries/{NOBODY}"),
    ("DELETE", f"/api/blogs/x/entries/{NOBODY}"),
]


@pytest.mark.parametrize(("method", "address"), EVERY_WRITE)
@pytest.mark.parametrize("given", [None, "Bearer wrong-secret", "Basic dGVzdHM6eA==", "Bearer", "Bearer \xe9"])
async def test_nothing_is_done_without_a_key(reader: httpx.AsyncClient, method: str, address: str, given: str | None):
    headers = {b"authorization": given.encode("latin-1")} if given else {}
    answer = await reader.request(method, address, headers=headers)
    assert_problem(answer, 401, "Authorization: Bearer KEY")
    assert answer.headers["www-authenticate"] == 'Bearer realm="stoppress"'


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/api/blogs?limit=5&aftr=a", "aftr'. Allowed parameters: after, limit"),
        ("/api/blogs/{}/entries?statuss=draft", "statuss'. Allowed parameters: status, before, limit"),
        ("/api/blogs/{}?x", "x'. This request takes no parameters"),
        ("/blogs/{}/entries?limt=2", "limt'. Allowed parameters: before, limit, view, lang"),
        ("/blogs/{}/changes?sinse=0&wait=30", "sinse'. Allowed parameters: since, wait, view, lang"),
        ("/blogs/{}/events?utm_source=x", "utm_source'. Allowed parameters: since, lastEventId, view, lang"),
    ],
)
async def test_an_unknown_parameter_is_an_error_that_names_the_allowed_ones(
    editor: httpx.AsyncClient, blog: str, address: str, allowed: str
):
    answer = await editor.get(address.format(blog))
    assert assert_problem(answer, 400, allowed)["field"] == allowed.partition("'")[0]


async def test_pages_and_feeds_ignore_unknown_parameters(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = (await post(markdown="x")).json()["id"]
    for path in (f"{blog}", f"{blog}.atom", f"{blog}.json", f"{blog}/embed", f"{blog}/entries/{entry}", ""):
        address = f"/blogs/{path}" if path else "/"
        assert (await reader.get(f"{address}?utm_source=x&fbclid=y")).status_code == 200


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/blogs/?limit=2", "/api/blogs?limit=2"),
        ("/blogs/x//", "/blogs/x"),
        ("//example.org/", "/example.org"),
        ("/%5Cexample.org/", "/%5Cexample.org"),
        ("/a%0D%0Ab/", "/a%0D%0Ab"),
    ],
)
async def test_a_slash_at_the_end_leads_to_the_address_without_it(reader: httpx.AsyncClient, path: str, location: str):
    answer = await reader.get(f"{reader.base_url}".rstrip("/") + path, headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, location)


async def test_a_whole_key_is_recognised(reader: httpx.AsyncClient):
    answer = await reader.get("/api/blogs", headers={"authorization": "Bearer desk:editor:wrong"})
    assert_problem(answer, 401, "Send only the SECRET")


async def test_a_server_without_keys_says_how_to_give_it_one(start_node: StartNode):
    node = await start_node(STOPPRESS_KEYS="")
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        assert_problem(await client.get("/api/blogs"), 401, "STOPPRESS_KEYS=name:editor:SECRET")


@pytest.mark.parametrize(
    ("method", "address"), [row for row in EVERY_WRITE if row[1] != "/api/blogs" and row[0] != "PUT"]
)
async def test_a_blog_that_is_not_there_is_not_found(editor: httpx.AsyncClient, method: str, address: str):
    body = {"title": "x"} if method in ("POST", "PATCH") and "entries" in address else {}
    json = body if method in ("POST", "PATCH") else None
    assert_problem(await editor.request(method, address, json=json), 404, "Blog 'x' does not exist")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", [NOBODY, "header", "x", "%00", "%ff"])
async def test_an_entry_that_is_not_there_is_not_found(editor: httpx.AsyncClient, blog: str, method: str, name: str):
    json = {"title": "x"} if method == "PATCH" else None
    answer = await editor.request(method, f"/api/blogs/{blog}/entries/{name}", json=json)
    assert_problem(answer, 404, "has no entry")


@pytest.mark.parametrize("address", ["/api", "/nothing", "/api/blogs/a/b", "/blogs/a/b/c/d", "/api/%ff", "/client/x"])
async def test_an_address_without_anything_is_a_problem_too(editor: httpx.AsyncClient, address: str):
    assert_problem(await editor.get(address), 404, "There is nothing at")


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("POST", "/api/blogs", {"GET", "HEAD"}),
        ("POST", "/api/blogs/x", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("DELETE", "/api/blogs/x/entries", {"GET", "HEAD", "POST"}),
        ("PUT", f"/api/blogs/x/entries/{NOBODY}", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("POST", "/blogs/x/changes", {"GET", "HEAD"}),
    ],
)
async def test_another_method_is_a_problem_that_names_those_allowed(
    editor: httpx.AsyncClient, method: str, address: str, allowed: set[str]
):
    answer = await editor.request(method, address)
    assert_problem(answer, 405, method, "Use ")
    assert set(answer.headers["allow"].split(", ")) == allowed
