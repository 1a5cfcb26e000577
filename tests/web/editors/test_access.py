"""Every endpoint by every role, by nobody, and by keys that are for another blog, have ended or were revoked.

The cases are the rows of "Endpoints" in docs/reference/access.md. An endpoint without a row fails, and so does a row
without a request here.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.routing import Mount, Route

from stoppress import settings
from stoppress.access.roles import RULES
from stoppress.process.node import Node
from stoppress.web.editors.resource import Resource
from tests.support.images import image
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.people import PASSWORD, make_person, sign_in
from tests.support.receiver import Receiver
from tests.test_docs import DOCS, rows, section

PAGE = DOCS / "reference" / "access.md"

ROLES = ("reader", "contributor", "editor", "admin")

KEYS_OF_SETTINGS = f"tests:editor:secret-of-the-tests root:admin:{ADMIN_KEY}"

BLOG = "election"

HOLDER = "holder"
"""A person whose sessions others want to end."""

SIGN_OUT = ("DELETE /api/session", "any")
OWN_SESSION = ("DELETE /api/sessions/{session}", "a session of its own")

_numbers = count(1)


class Row(NamedTuple):
    """One row of the table."""

    endpoint: str
    request: str
    needs: str

    @property
    def roles(self) -> frozenset[str]:
        return next(rule.roles for rule in RULES.values() if rule.does == self.needs)


ROWS = [Row(*cells) for cells in rows(section(PAGE, "## Endpoints"))[2:]]
PROTECTED = [row for row in ROWS if row.needs != "nothing"]
PUBLIC = [row for row in ROWS if row.needs == "nothing" and not row.endpoint.startswith("GET /desk")]
"""Pages of the desk differ by who asks: tests/web/desk/ tries them."""


def row_id(row: Row) -> str:
    return f"{row.endpoint} {row.request}"


class Senders(NamedTuple):
    """Clients with each kind of key, and people who have signed in; `wrong` are those that must get 401."""

    root: httpx.AsyncClient
    allowed: dict[str, httpx.AsyncClient]
    people: dict[str, httpx.AsyncClient]
    elsewhere: httpx.AsyncClient
    wrong: dict[str, httpx.AsyncClient]
    receiver: Receiver
    """Of webhooks; it takes no event."""

    @property
    def all(self) -> list[httpx.AsyncClient]:
        return [self.root, *self.allowed.values(), *self.people.values(), self.elsewhere, *self.wrong.values()]


@pytest.fixture(scope="module")
async def senders(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Senders]:
    # All senders have one address, and the wrong keys of this module are too many for it.
    environ = {"STOPPRESS_MAX_GUESSES": "0", "STOPPRESS_WEBHOOK_HOSTS": "127.0.0.1"}
    node = RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), None, **environ)
    await node.start()
    root = node.editor(key=ADMIN_KEY)
    assert (await root.put(f"/api/blogs/{BLOG}", json={"headline": "Election"})).status_code == 201

    async def client(name: str, **fields: Any) -> httpx.AsyncClient:
        answer = await root.post("/api/keys", json={"name": name, **fields})
        assert answer.status_code == 201, answer.text
        return node.editor(key=answer.json()["secret"])

    allowed = {role: await client(role, role=role, blogs=[BLOG, "new-*"]) for role in ROLES}
    elsewhere = await client("elsewhere", role="admin", blogs=["sport-*"])
    revoked = await client("revoked", role="admin")
    assert (await revoked.get("/api/blogs")).status_code == 200
    assert (await root.delete("/api/keys/revoked")).status_code == 204
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    expired = await client("expired", role="admin", expires_at=soon)
    while (await expired.get("/api/blogs")).status_code == 200:
        pass
    wrong = {"nobody": node.editor(), "expired": expired, "revoked": revoked, "mistyped": node.editor(key="mistyped")}
    del wrong["nobody"].headers["authorization"]
    people = {}
    for role in ROLES:
        await make_person(node, f"person-{role}", role, blogs=[BLOG, "new-*"])
        people[role] = await sign_in(node, f"person-{role}")
    await make_person(node, HOLDER, "reader", blogs=[BLOG])
    receiver = Receiver()
    receiver.usual_status = 410
    senders = Senders(root, allowed | {"settings_editor": node.editor()}, people, elsewhere, wrong, receiver)
    async with receiver:
        yield senders
    for one in senders.all:
        await one.aclose()
    await node.stop()


# Requests: each takes the client that will send it, prepares what the request needs, and returns its address and body.

Prepared = tuple[str, Any]
Prepare = Callable[[Senders, httpx.AsyncClient], Awaitable[Prepared]]


def plain(address: str, body: Any = None) -> Prepare:
    async def prepare(_senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
        return address, body

    return prepare


def blog(*, exists: bool, body: Any = None) -> Prepare:
    async def prepare(senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
        address = f"/api/blogs/new-{next(_numbers)}"
        if exists:
            assert (await senders.root.put(address, json={})).status_code == 201
        return address, body

    return prepare


def entry(status: str, *, own: bool = False, body: Any = None, end: str = "") -> Prepare:
    """Prepare a request about an entry. A sender who may not write drafts does not have one of its own."""

    async def prepare(senders: Senders, sender: httpx.AsyncClient) -> Prepared:
        entries, form = f"/api/blogs/{BLOG}/entries", {"markdown": "x", "status": status}
        answer = await (sender if own else senders.root).post(entries, json=form)
        if own and answer.status_code in (401, 403):
            answer = await senders.root.post(entries, json=form)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"] + end, body

    return prepare


async def preview_of_others(senders: Senders, sender: httpx.AsyncClient) -> Prepared:
    location, _ = await entry("draft")(senders, sender)
    return f"/api/blogs/{BLOG}/preview?entry={location.rpartition('/')[2]}", {"markdown": "y"}


async def new_import(_senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    return f"/api/blogs/{BLOG}/entries/{uuid.uuid4()}", {"markdown": "x", "version": 3}


async def key(senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    name = f"key-{next(_numbers)}"
    made = await senders.root.post("/api/keys", json={"name": name, "role": "reader", "blogs": [BLOG]})
    return made.headers["location"], None


async def new_key(_senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    return "/api/keys", {"name": f"key-{next(_numbers)}", "role": "reader", "blogs": [BLOG]}


async def new_webhook(_senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    return "/api/webhooks", {"name": f"hook-{next(_numbers)}", "url": "https://1.1.1.1/", "blogs": ["new-nothing"]}


def webhook(end: str = "") -> Prepare:
    """Prepare a request about the one webhook of the blog."""

    async def prepare(senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
        form = {"name": "hook", "url": senders.receiver.url, "blogs": [BLOG]}
        assert (await senders.root.post("/api/webhooks", json=form)).status_code in (201, 409)
        return f"/api/webhooks/hook{end}", None

    return prepare


async def dead_event(senders: Senders, sender: httpx.AsyncClient) -> Prepared:
    address, _ = await webhook("/dead")(senders, sender)
    await senders.root.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "x"})
    async with asyncio.timeout(30):
        while not (dead := (await senders.root.get(address)).json()["dead"]):
            await asyncio.sleep(0.01)
    return f"{address}/{dead[0]['id']}", None


async def person(senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    address = f"/api/people/person-{next(_numbers)}"
    assert (await senders.root.put(address, json={"role": "reader", "blogs": [BLOG]})).status_code == 201
    return address, None


def existing_person(body: Any, path: str = "") -> Prepare:
    async def prepare(senders: Senders, sender: httpx.AsyncClient) -> Prepared:
        address, _ = await person(senders, sender)
        return address + path, body

    return prepare


async def new_person(_senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    return f"/api/people/person-{next(_numbers)}", {"role": "reader", "blogs": [BLOG]}


async def session_of_others(senders: Senders, _sender: httpx.AsyncClient) -> Prepared:
    return await new_session(senders, HOLDER)


async def session_of_its_own(senders: Senders, sender: httpx.AsyncClient) -> Prepared:
    current = (await sender.get("/api/session")).json()
    return await new_session(senders, current["name"] if current.get("kind") == "person" else HOLDER)


async def new_session(senders: Senders, name: str) -> Prepared:
    made = await senders.root.post("/api/session", json={"name": name, "password": PASSWORD})
    return f"/api/sessions/{made.json()['session']}", None


_ENTRY, _KEY = "/api/blogs/{blog}/entries/{entry}", "/api/keys/{name}"
_PERSON, _HOOK = "/api/people/{name}", "/api/webhooks/{name}"
_PUBLISH = {"status": "published"}
_ENTRIES = f"/api/blogs/{BLOG}/entries"

REQUESTS: dict[tuple[str, str], Prepare] = {
    ("GET /api/blogs", "any"): plain("/api/blogs"),
    ("GET /api/blogs/{blog}", "any"): plain(f"/api/blogs/{BLOG}"),
    ("PUT /api/blogs/{blog}", "a new blog"): blog(exists=False, body={}),
    ("PUT /api/blogs/{blog}", "an existing blog"): blog(exists=True, body={}),
    ("PUT /api/blogs/{blog}", "another access"): blog(exists=True, body={"access": "token"}),
    ("PATCH /api/blogs/{blog}", "another access"): blog(exists=True, body={"access": "token"}),
    ("PATCH /api/blogs/{blog}", "any"): blog(exists=True, body={"standfirst": "x"}),
    ("DELETE /api/blogs/{blog}", "any"): blog(exists=True),
    ("GET /api/blogs/{blog}/entries", "any"): plain(_ENTRIES),
    ("POST /api/blogs/{blog}/entries", "a draft"): plain(_ENTRIES, {"markdown": "x", "status": "draft"}),
    ("POST /api/blogs/{blog}/entries", "a published entry"): plain(_ENTRIES, {"markdown": "x"}),
    ("POST /api/blogs/{blog}/entries", "a scheduled entry"): plain(
        _ENTRIES, {"markdown": "x", "status": "scheduled", "publish_at": "2099-01-01T00:00:00Z"}
    ),
    (f"GET {_ENTRY}", "a published entry"): entry("published"),
    (f"GET {_ENTRY}", "a draft of its own"): entry("draft", own=True),
    (f"GET {_ENTRY}", "a draft of others"): entry("draft"),
    (f"PUT {_ENTRY}", "any"): new_import,
    (f"PATCH {_ENTRY}", "a draft of its own"): entry("draft", own=True, body={"markdown": "y", "submitted": True}),
    (f"PATCH {_ENTRY}", "submit a draft of its own"): entry("draft", own=True, body={"submitted": True}),
    (f"PATCH {_ENTRY}", "send a draft of its own back with a remark"): entry(
        "draft", own=True, body={"submitted": False, "remark": "Who says so?"}
    ),
    (f"PATCH {_ENTRY}", "publish a draft of its own"): entry("draft", own=True, body=_PUBLISH),
    (f"PATCH {_ENTRY}", "a draft of others"): entry("draft", body={"markdown": "y"}),
    (f"PATCH {_ENTRY}", "a published entry"): entry("published", body={"markdown": "y"}),
    (f"DELETE {_ENTRY}", "a draft of its own"): entry("draft", own=True),
    (f"DELETE {_ENTRY}", "a draft of others"): entry("draft"),
    (f"DELETE {_ENTRY}", "a published entry"): entry("published"),
    (f"GET {_ENTRY}/versions", "of a published entry"): entry("published", end="/versions"),
    (f"GET {_ENTRY}/versions", "of a draft of its own"): entry("draft", own=True, end="/versions"),
    (f"GET {_ENTRY}/versions", "of a draft of others"): entry("draft", end="/versions"),
    ("POST /api/blogs/{blog}/retractions", "any"): plain(f"/api/blogs/{BLOG}/retractions", {"source": "Nobody"}),
    ("POST /api/blogs/{blog}/media", "any"): plain(f"/api/blogs/{BLOG}/media", image("PNG", (1, 1))),
    ("POST /api/blogs/{blog}/preview", "of a new entry"): plain(f"/api/blogs/{BLOG}/preview", {"markdown": "x"}),
    ("POST /api/blogs/{blog}/preview", "of a draft of others"): preview_of_others,
    ("GET /api/blogs/{blog}/desk", "any"): plain(f"/api/blogs/{BLOG}/desk"),
    ("PUT /api/blogs/{blog}/presence", "any"): plain(f"/api/blogs/{BLOG}/presence", {"tab": "tab-1234"}),
    ("DELETE /api/blogs/{blog}/presence", "any"): plain(f"/api/blogs/{BLOG}/presence?tab=tab-1234"),
    ("GET /api/audit", "of a blog"): plain(f"/api/audit?blog={BLOG}"),
    ("GET /api/keys", "any"): plain("/api/keys"),
    ("POST /api/keys", "any"): new_key,
    (f"GET {_KEY}", "any"): key,
    (f"DELETE {_KEY}", "any"): key,
    ("GET /api/webhooks", "any"): plain("/api/webhooks"),
    ("POST /api/webhooks", "any"): new_webhook,
    (f"GET {_HOOK}", "any"): webhook(),
    (f"DELETE {_HOOK}", "any"): webhook(),
    (f"GET {_HOOK}/dead", "any"): webhook("/dead"),
    (f"POST {_HOOK}/dead/{{event}}", "any"): dead_event,
    (f"DELETE {_HOOK}/dead/{{event}}", "any"): dead_event,
    ("GET /api/people", "any"): plain("/api/people"),
    (f"GET {_PERSON}", "any"): person,
    (f"PUT {_PERSON}", "a new person"): new_person,
    (f"PUT {_PERSON}", "an existing person"): existing_person({"role": "editor", "blogs": [BLOG]}),
    (f"PUT {_PERSON}/password", "any"): existing_person({"password": PASSWORD}, "/password"),
    (f"DELETE {_PERSON}", "any"): person,
    ("GET /api/session", "any"): plain("/api/session"),
    ("PUT /api/session/drafts/{draft}", "any"): plain("/api/session/drafts/5b0c7d0e-3f0f-4f2f-9d0b-0a4c2f6f2f11"),
    SIGN_OUT: plain("/api/session"),
    ("GET /api/sessions", "any"): plain("/api/sessions"),
    OWN_SESSION: session_of_its_own,
    ("DELETE /api/sessions/{session}", "a session of others"): session_of_others,
}

SIGN_IN = {"POST /api/session": {"name": HOLDER, "password": PASSWORD}}
"""What needs nothing and is not a GET."""

FILTERED = (
    *("GET /api/blogs", "GET /api/keys", "GET /api/people", "GET /api/session", "GET /api/sessions"),
    "PUT /api/session/drafts/{draft}",
    "GET /api/webhooks",
)
"""Endpoints that belong to no blog: a key for another blog gets an answer without what it may not see."""

_WITHOUT_BLOGS = (SIGN_OUT, OWN_SESSION)
"""Requests about the sender alone."""


def test_every_endpoint_has_a_row_and_every_row_of_editors_a_request(tmp_path: Path):
    node = Node(settings.load({"store": sqlite_url(tmp_path)}, {}), keys=KEYS_OF_SETTINGS)
    found = set()
    for route in node.routes:
        assert isinstance(route, Route | Mount), route
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else {"GET"}
        found |= {f"{method} {route.path}" for method in methods}
    assert found == {row.endpoint for row in ROWS}
    assert {(row.endpoint, row.request) for row in PROTECTED} == set(REQUESTS)
    assert len(ROWS) == len(set(ROWS))


def test_every_route_asks_for_the_least_that_a_row_needs(tmp_path: Path):
    node = Node(settings.load({"store": sqlite_url(tmp_path)}, {}), keys=KEYS_OF_SETTINGS)
    for route in node.routes:
        resource = getattr(getattr(route, "endpoint", None), "__self__", None)
        if not isinstance(resource, Resource):
            assert all(row.needs == "nothing" for row in ROWS if row.endpoint == f"GET {route.path}")
            continue
        for method, action in resource.actions.items():
            needs = [row for row in ROWS if row.endpoint == f"{method} {route.path}"]
            assert RULES[action].does in [row.needs for row in needs]
            assert all(row.roles <= RULES[action].roles for row in needs), "no row needs less than the route"
        assert isinstance(route, Route) and route.methods is not None
        others = route.methods - {*resource.actions, "HEAD"}
        assert all(row.needs == "nothing" for row in ROWS if row.endpoint in {f"{one} {route.path}" for one in others})


async def send(row: Row, senders: Senders, sender: httpx.AsyncClient) -> httpx.Response:
    address, body = await REQUESTS[row.endpoint, row.request](senders, sender)
    method = row.endpoint.partition(" ")[0]
    if isinstance(body, bytes):
        return await sender.request(method, address, content=body, headers={"content-type": "image/png"})
    return await sender.request(method, address, json=body)


@pytest.mark.parametrize("row", PROTECTED, ids=row_id)
async def test_a_role_may_do_what_the_table_says(senders: Senders, row: Row):
    keys = {} if row[:2] == OWN_SESSION else senders.allowed  # a key has none
    people = {} if row[:2] == SIGN_OUT else senders.people  # they are still needed
    for role, sender in (*keys.items(), *people.items()):
        answer = await send(row, senders, sender)
        if role in row.roles:
            assert answer.is_success, (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)
            assert "needs the role" in answer.json()["detail"]


@pytest.mark.parametrize("row", PROTECTED, ids=row_id)
async def test_without_a_valid_key_nothing_is_done(senders: Senders, row: Row):
    answers = [await send(row, senders, sender) for sender in senders.wrong.values()]
    assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert len({answer.text for answer in answers}) == 1, "equal words"
    assert all(answer.headers["www-authenticate"] == 'Bearer realm="stoppress"' for answer in answers)


@pytest.mark.parametrize("row", [row for row in PROTECTED if row[:2] not in _WITHOUT_BLOGS], ids=row_id)
async def test_a_key_for_another_blog_is_refused(senders: Senders, row: Row):
    answer = await send(row, senders, senders.elsewhere)
    if row.endpoint in FILTERED:
        assert answer.status_code == 200
        assert BLOG not in answer.text.replace("elsewhere", "")
    else:
        assert answer.status_code == 403, answer.text
        assert "only" in answer.json()["detail"]


@pytest.mark.parametrize("row", [row for row in PROTECTED if row.endpoint.startswith("GET ")], ids=row_id)
async def test_head_is_answered_like_get(senders: Senders, row: Row):
    for sender in senders.all:
        address, _ = await REQUESTS[row.endpoint, row.request](senders, sender)
        get, head = [await sender.request(method, address) for method in ("GET", "HEAD")]
        assert (head.status_code, head.content) == (get.status_code, b"")


@pytest.mark.parametrize("row", PUBLIC, ids=row_id)
async def test_what_needs_nothing_is_the_same_for_all(senders: Senders, row: Row):
    published = await senders.root.post(_ENTRIES, json={"markdown": "x"})
    method, _, path = row.endpoint.partition(" ")
    address = path.format(blog=BLOG, entry=published.json()["id"], name="nothing")
    address += {"/static": "/stoppress.css", "/client": "/client.js"}.get(address, "")
    statuses = set()
    for sender in senders.all:
        if row.endpoint in SIGN_IN and sender in senders.people.values():
            continue  # a sign-in ends the session before
        async with sender.stream(method, address, json=SIGN_IN.get(row.endpoint)) as answer:
            statuses.add(answer.status_code)
    assert len(statuses) == 1
    assert not statuses & {401, 403}


# Contributors


async def test_a_contributor_sees_published_entries_and_its_own_drafts(senders: Senders):
    contributor, others = senders.allowed["contributor"], senders.root
    ids: dict[str, str] = {}
    for name, sender, status in (
        ("own", contributor, "draft"),
        ("other", others, "draft"),
        ("out", others, "published"),
    ):
        ids[name] = (await sender.post(_ENTRIES, json={"markdown": name, "status": status})).json()["id"]
    seen = {one["id"] for one in (await contributor.get(_ENTRIES, params={"limit": 500})).json()["entries"]}
    assert {ids["own"], ids["out"]} <= seen
    assert ids["other"] not in seen
    drafts = (await contributor.get(_ENTRIES, params={"status": "draft", "limit": 500})).json()["entries"]
    assert {one["created_by"] for one in drafts} == {"key:contributor"}
    assert (await contributor.get(f"{_ENTRIES}/{ids['other']}")).status_code == 403
    assert (await contributor.patch(f"{_ENTRIES}/{ids['other']}", json={"markdown": "x"})).status_code == 403


async def test_a_contributor_submits_a_draft_and_an_editor_publishes_it(senders: Senders):
    contributor, editor = senders.allowed["contributor"], senders.allowed["editor"]
    submission = {"markdown": "x", "status": "draft", "submitted": True, "authors": [{"name": "Conny"}]}
    draft = await contributor.post(_ENTRIES, json=submission)
    assert (draft.status_code, draft.json()["submitted"]) == (201, True)
    address = draft.headers["location"]
    back = await editor.patch(address, json={"submitted": False, "remark": "Who says so?"})
    assert "submitted" not in back.json()
    assert (await contributor.get(address)).json()["remark"] == "Who says so?"
    own = await contributor.patch(address, json={"remark": "Nobody."})
    assert own.status_code == 403 and (await contributor.get(address)).json()["remark"] == "Who says so?"
    again = await contributor.patch(address, json={"markdown": "The mayor says x.", "submitted": True})
    assert again.json()["submitted"] and "remark" not in again.json()
    for form in ({"status": "published"}, {"status": "scheduled", "publish_at": "2099-01-01T00:00:00Z"}):
        assert (await contributor.patch(address, json=form)).status_code == 403
    published = (await editor.patch(address, json=_PUBLISH)).json()
    assert (published["status"], published["authors"]) == ("published", [{"name": "Conny"}])
    assert not {"submitted", "remark", "created_by"} & published.keys()
    versions = (await editor.get(f"{address}/versions")).json()["versions"]
    assert [one["who"]["name"] for one in versions] == ["editor", "contributor", "editor", "contributor"]
    assert versions[-1]["entry"]["created_by"] == "key:contributor"
    for refused in (contributor.patch(address, json={"markdown": "y"}), contributor.delete(address)):
        assert (await refused).status_code == 403, "it is no longer a draft"
    assert (await contributor.get(address)).status_code == 200


async def test_a_handover_is_for_editors(senders: Senders):
    await senders.allowed["editor"].patch(f"/api/blogs/{BLOG}", json={"handover": "Watch the mayor."})
    for role, sees in (("contributor", False), ("editor", True), ("admin", True)):
        one = await senders.allowed[role].get(f"/api/blogs/{BLOG}")
        listed = await senders.allowed[role].get("/api/blogs")
        assert ("Watch the mayor." in one.text, "Watch the mayor." in listed.text) == (sees, sees), role


async def test_an_idempotency_key_belongs_to_its_sender(senders: Senders):
    headers = {"Idempotency-Key": "article-1"}
    form = {"markdown": "x", "status": "draft"}
    senders_of_drafts = [senders.allowed[role] for role in ("contributor", "editor", "admin", "settings_editor")]
    first = [await one.post(_ENTRIES, json=form, headers=headers) for one in senders_of_drafts]
    again = [await one.post(_ENTRIES, json=form, headers=headers) for one in senders_of_drafts]
    assert all(answer.headers["idempotency-replayed"] == "true" for answer in again)
    assert [answer.json()["id"] for answer in again] == [answer.json()["id"] for answer in first]
    assert len({answer.json()["id"] for answer in first}) == len(first)
