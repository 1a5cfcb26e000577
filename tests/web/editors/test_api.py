"""The editors' surface over real HTTP, row by row of "Surface for editors" in docs/reference/protocol.md."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx
import msgpack
import pytest
from websockets.asyncio.client import connect

from tests.support.node import RunningNode
from tests.support.raw import head_of, posting
from tests.web.conftest import Dial

CURSOR = r"[1-9][0-9]*-[0-9a-zA-Z]+"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
NOBODY = "0192a000-0000-7000-8000-000000000000"

TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Names of RFC 9110 that older versions of Python do not know."""

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
    assert problem["title"] == TITLES.get(status, HTTPStatus(status).phrase)
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
    found = await editor.get(answer.headers["location"])
    assert (found.json(), found.headers["etag"]) == (answer.json(), '"1"')


async def test_a_blog_is_replaced_by_put(editor: httpx.AsyncClient, blog: str):
    await editor.patch(f"/api/blogs/{blog}", json={"standfirst": "Old."})
    answer = await editor.put(f"/api/blogs/{blog}", json={"headline": "New"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert "location" not in answer.headers
    assert answer.json() == {"blog": blog, "seq": 3, "headline": "New", "status": "live"}


async def test_a_header_patch_for_another_version_gets_the_current_header(editor: httpx.AsyncClient, blog: str):
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


async def test_a_blog_is_deleted(editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str):
    await reader.get(f"/blogs/{blog}/changes")
    answer = await editor.delete(f"/api/blogs/{blog}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(await editor.get(f"/api/blogs/{blog}"), 404, blog, "PUT /api/blogs/NAME")
    for address in ("", "/changes", "/events", "/entries", f"/entries/{NOBODY}"):
        assert (await reader.get(f"/blogs/{blog}{address}")).status_code == 404


async def test_deleting_a_blog_sends_its_readers_away_for_good(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    async with connect(f"{node.websocket_url}/blogs/{blog}/live") as line:
        await line.recv()
        await editor.delete(f"/api/blogs/{blog}")
        async with asyncio.timeout(30):
            await line.wait_closed()
    assert line.close_code == 4404


async def test_a_blog_made_anew_resets_old_readers(editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str):
    old = (await editor.patch(f"/api/blogs/{blog}", json={"headline": "Old"})).headers["stoppress-cursor"]
    await editor.delete(f"/api/blogs/{blog}")
    await editor.put(f"/api/blogs/{blog}", json={"headline": "New"})
    await editor.patch(f"/api/blogs/{blog}", json={"standfirst": "It has as many changes."})
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": old})).json()
    assert (update["from"], update["header"]["headline"]) == (None, "New")


# Entries


async def test_an_entry_is_created(editor: httpx.AsyncClient, post: Post, blog: str):
    fields = {"title": "Talks", "markdown": "Talks *begin*.", "key": True}
    answer = await post(**fields)
    entry = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(UUID, entry["id"])
    assert answer.headers["location"] == f"/api/blogs/{blog}/entries/{entry['id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["stoppress-cursor"].startswith(f"{entry['seq']}-")
    made = {"id": entry["id"], "seq": 2, "version": 1, "status": "published"}
    made |= {"published_at": entry["published_at"], "updated_at": entry["published_at"]}
    made |= {"html": "<p>Talks <em>begin</em>.</p>", "text": "Talks begin.", "pinned": False, "breaking": False}
    assert entry == made | fields
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["published_at"])
    found = await editor.get(answer.headers["location"])
    assert (found.status_code, found.json(), found.headers["etag"]) == (200, entry, '"1"')


async def test_an_answer_says_what_was_left_out_and_readers_do_not_get_it(editor, reader, blog: str):
    frames = [f'<iframe src="https://{site}"></iframe>' for site in ("youtu.be/abcdefghijk", "maps.example.org")]
    created = (await editor.post(f"/api/blogs/{blog}/entries", json={"html": f"<p>x</p>{''.join(frames)}"})).json()
    assert created["media"] == [{"type": "embed", "url": "https://youtu.be/abcdefghijk"}]
    assert len(created["warnings"]) == 1 and "https://maps.example.org" in created["warnings"][0]
    assert "warnings" not in (await reader.get(f"/blogs/{blog}/entries/{created['id']}")).json()
    path = f"/api/blogs/{blog}/entries/{created['id']}"
    edits = ({"title": "x"}, {"html": frames[0]}, {"markdown": "[x](tel:1)"})
    answers = [(await editor.patch(path, json=edit)).json() for edit in edits]
    assert [len(answer.get("warnings", [])) for answer in answers] == [1, 0, 1]
    assert answers[-1]["media"] == created["media"]


async def test_the_cursor_of_an_answer_can_be_read_on_from_right_away(reader: httpx.AsyncClient, post: Post, blog: str):
    for number in range(20):
        cursor = (await post(markdown=str(number))).headers["stoppress-cursor"]
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor})).json()
        assert (update["from"], update["cursor"], update["entries"]) == (cursor, cursor, [])


async def test_an_entry_is_edited(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x", title="T")
    answer = await editor.patch(created.headers["location"], json={"markdown": "y", "correction": "Not x."})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert re.fullmatch(CURSOR, answer.headers["stoppress-cursor"])
    entry = answer.json()
    assert (entry["text"], entry["title"], entry["seq"], entry["version"]) == ("y", "T", 3, 2)
    assert [correction["text"] for correction in entry["corrections"]] == ["Not x."]


async def test_an_edit_for_another_version_is_answered_with_the_current_entry(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x")).headers["location"]
    await editor.patch(address, json={"title": "first"})
    answer = await editor.patch(address, json={"title": "second"}, headers={"if-match": '"1"'})
    assert assert_problem(answer, 412, "version 2")["entry"] == (await editor.get(address)).json()
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("header", "matches"), [("*", True), ('"7", "1"', True), ('W/"1"', False), ('"01"', False), ('""', False)]
)
async def test_if_match_is_compared_as_http_says(
    editor: httpx.AsyncClient, post: Post, method: str, header: str, matches: bool
):
    address = (await post(markdown="x")).headers["location"]
    answer = await editor.request(method, address, json={}, headers={"if-match": header})
    assert answer.status_code == (200 if matches else 412)


async def test_an_entry_is_retracted(editor: httpx.AsyncClient, post: Post):
    created = await post(markdown="x", title="T")
    answer = await editor.request("DELETE", created.headers["location"], json={"note": "It was wrong."})
    entry, kept = answer.json(), {name: created.json()[name] for name in ("id", "published_at")}
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    retracted = {"seq": 3, "version": 2, "status": "retracted", "note": "It was wrong."}
    assert entry == kept | retracted | {"retracted_at": entry["retracted_at"]}


async def test_a_draft_is_removed(editor: httpx.AsyncClient, post: Post):
    address = (await post(markdown="x", status="draft")).headers["location"]
    assert (await editor.delete(address)).status_code == 204
    assert_problem(await editor.get(address), 404, "has no entry")


async def test_a_scheduled_entry_comes_out(editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await reader.get(f"/blogs/{blog}/changes")).json()["cursor"]
    created = await post(markdown="x", status="scheduled", publish_at="2020-10-09T06:12:00Z")
    assert (created.status_code, created.json()["status"]) == (201, "scheduled")
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": before, "wait": 10})).json()
    assert [entry["id"] for entry in update["entries"]] == [created.json()["id"]]


@pytest.mark.parametrize("status", [None, "draft", "published"])
async def test_a_walk_gives_each_entry_once(editor: httpx.AsyncClient, post: Post, blog: str, status: str | None):
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


# Idempotency-Key


def answer_of(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but its date, and that it is a repetition."""
    left_out = ("date", "idempotency-replayed")
    return answer.status_code, answer.content, [item for item in answer.headers.items() if item[0] not in left_out]


def replayed(*answers: httpx.Response) -> list[str | None]:
    return [answer.headers.get("idempotency-replayed") for answer in answers]


async def test_twenty_equal_requests_at_once_make_one_entry(editor: httpx.AsyncClient, post: Post, blog: str):
    answers = await asyncio.gather(*(post({"idempotency-key": "k"}, markdown="x", pinned=True) for _ in range(20)))
    assert {repr(answer_of(answer)) for answer in answers} == {repr(answer_of(answers[0]))}
    assert replayed(*answers).count("true") == 19
    assert len((await editor.get(f"/api/blogs/{blog}/entries")).json()["entries"]) == 1


async def test_a_key_with_another_body_or_method_is_a_conflict(editor: httpx.AsyncClient, post: Post):
    headers = {"idempotency-key": "k"}
    address = (await post(headers, markdown="x")).headers["location"]
    assert_problem(await post(headers, markdown="y"), 409, "Idempotency-Key", "Use a new one")
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


# Encodings


@pytest.mark.parametrize("kind", ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"])
async def test_bodies_and_answers_may_be_msgpack(editor: httpx.AsyncClient, blog: str, kind: str):
    body = msgpack.packb({"markdown": "Ergün", "tags": ["a"], "event_at": "2020-10-09T06:12:00Z"})
    headers = {"content-type": kind, "accept": "application/msgpack"}
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/msgpack")
    entry = msgpack.unpackb(answer.content)
    assert (entry["text"], entry["event_at"]) == ("Ergün", "2020-10-09T06:12:00.000Z")
    assert entry == (await editor.get(answer.headers["location"])).json()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/html", "json"), ("application/json;q=0.5, application/msgpack", "msgpack"), (";;,q=,=;", "json")],
)
async def test_an_answer_is_encoded_as_the_client_prefers(editor: httpx.AsyncClient, blog: str, accept: str, kind: str):
    answer = await editor.get(f"/api/blogs/{blog}", headers={"accept": accept})
    assert answer.headers["content-type"] == f"application/{kind}"


async def test_json_may_come_as_merge_patch(editor: httpx.AsyncClient, blog: str):
    headers = {"content-type": "application/merge-patch+json; charset=utf-8"}
    assert (await editor.patch(f"/api/blogs/{blog}", content=b'{"headline":"H"}', headers=headers)).status_code == 200


# Rejections


async def test_a_body_that_is_too_large_is_refused_though_it_is_not_announced(editor: httpx.AsyncClient, blog: str):
    async def pieces():
        for _ in range(5):
            yield b"x" * 65_536

    headers = {"content-type": "application/json"}
    answer = await editor.post(f"/api/blogs/{blog}/entries", content=pieces(), headers=headers)
    assert_problem(answer, 413, "262144 bytes")


async def test_who_still_sends_a_body_that_is_too_large_hears_the_answer(dial: Dial, blog: str):
    """A server that answers and closes before it has read everything resets the connection, and the answer is lost."""
    size = 4_000_000
    reader, writer = await dial()
    writer.write(posting(blog, f"Content-Length: {size}"))
    for _ in range(20):  # like a proxy that passes on what comes over a slow line
        writer.write(b"x" * (size // 20))
        await writer.drain()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 413 ") and b"262144 bytes" in answer


async def test_who_asks_first_does_not_send_a_body_that_is_too_large(dial: Dial, blog: str):
    reader, writer = await dial()
    writer.write(posting(blog, "Expect: 100-continue", "Content-Length: 300000"))
    assert (await head_of(reader)).startswith(b"HTTP/1.1 413 ")


async def test_the_server_answers_others_while_a_long_body_is_rendered(editor: httpx.AsyncClient, post: Post):
    rendering = asyncio.ensure_future(post(markdown="![" * 100_000))
    answered = 0
    while not rendering.done():
        assert (await editor.get("/livez")).status_code == 200
        answered += 1
    assert answered > 5


EVERY_WRITE = [
    ("GET", "/api/blogs"),
    *((method, "/api/blogs/x") for method in ("GET", "PUT", "PATCH", "DELETE")),
    *((method, "/api/blogs/x/entries") for method in ("GET", "POST")),
    *((method, f"/api/blogs/x/entries/{NOBODY}") for method in ("GET", "PATCH", "DELETE")),
]


@pytest.mark.parametrize(("method", "address"), EVERY_WRITE)
@pytest.mark.parametrize("given", [None, "Bearer wrong-secret", "Bearer \xe9"])
async def test_nothing_is_done_without_a_key(reader: httpx.AsyncClient, method: str, address: str, given: str | None):
    headers = {b"authorization": given.encode("latin-1")} if given else {}
    answer = await reader.request(method, address, headers=headers)
    assert_problem(answer, 401, "Authorization: Bearer KEY")
    assert answer.headers["www-authenticate"] == 'Bearer realm="stoppress"'


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/api/blogs?limit=5&aftr=a", "aftr'. Allowed parameters: q, after, limit"),
        (
            "/api/blogs/{}/entries?statuss=draft",
            "statuss'. Allowed parameters: q, source, tag, author, status, before, limit",
        ),
        ("/api/blogs/{}?x", "x'. This request takes no parameters"),
        ("/blogs/{}/entries?limt=2", "limt'. Allowed parameters: before, after, key, limit, view, lang"),
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
        ("POST", f"/api/blogs/x/entries/{NOBODY}", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("POST", "/blogs/x/changes", {"GET", "HEAD"}),
    ],
)
async def test_another_method_is_a_problem(editor: httpx.AsyncClient, method: str, address: str, allowed: set[str]):
    answer = await editor.request(method, address)
    assert_problem(answer, 405, method, "Use ")
    assert set(answer.headers["allow"].split(", ")) == allowed
