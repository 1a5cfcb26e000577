"""The pages of the desk over HTTP: who gets which, where strangers are led, and what their headers forbid."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Eventually, StartNode
from tests.support.node import RunningNode
from tests.support.page import HOSTILE, Document
from tests.support.people import browser, make_person, sign_in, stranger

PAGES = ("/desk", "/desk/blogs/demo", "/desk/blogs/demo/settings", "/desk/webhooks")

ROLES = ("reader", "contributor", "editor", "admin")

ALLOWED = dict(zip(PAGES, (ROLES[1:], ROLES[1:], ROLES[2:], ROLES[3:]), strict=True))
"""The roles that get each page. The others get 403."""


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_MAX_GUESSES="0")
    await node.make_blog(headline="A day in October", language="ar", timezone="Asia/Dubai")
    return node


@pytest.fixture
async def nobody(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with stranger(node) as client:
        yield client


@pytest.mark.parametrize("path", [*PAGES, "/desk?q=tram"])
async def test_strangers_are_led_to_sign_in_and_back(nobody, path):
    answer = await nobody.get(path)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.startswith("/desk/sign-in?next=")
    page = Document((await nobody.get(address)).text)
    assert page.all("//main/@data-next") == [path]


OTHERS = (
    *("https://evil.example", "//evil.example", "/\\evil.example", "/blogs/demo", "javascript:alert(1)", "/deskevil"),
    *("/desk/../blogs", "/desk/sign-in", "/desk//evil.example", "/desk/\n/x", "/desk" + "/x" * 400, HOSTILE),
)


@pytest.mark.parametrize("address", OTHERS)
async def test_signing_in_leads_nowhere_but_to_the_desk(nobody, address):
    page = Document((await nobody.get("/desk/sign-in", params={"next": address})).text)
    assert page.all("//main/@data-next") == ["/desk"]


async def test_a_role_gets_its_pages(node):
    for role in ROLES:
        await make_person(node, role, role)
        async with await sign_in(node, role) as person:
            for path, roles in ALLOWED.items():
                answer = await person.get(path)
                assert answer.status_code == (200 if role in roles else 403), (role, path)
                assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def listed(person: httpx.AsyncClient, q: str = "") -> list[str]:
    """Return the addresses of the blogs in the list."""
    page = Document((await person.get("/desk", params={"q": q} if q else None)).text)
    return [str(one) for one in page.all("//ul[@class='blog-list']//h2/a/@href")]


async def until_listed(person: httpx.AsyncClient, eventually: Eventually, *blogs: str) -> None:
    """Wait until the list has these blogs: it is half a second old at the most."""

    async def is_fresh() -> bool:
        return await listed(person) == [f"/desk/blogs/{blog}" for blog in blogs]

    await eventually(is_fresh)


async def test_a_person_sees_only_blogs_of_its_own(node, eventually):
    await node.make_blog("tram", headline="The tram")
    await make_person(node, "local", "editor", blogs=["tram"])
    async with await sign_in(node, "local") as person:
        await until_listed(person, eventually, "tram")
        assert (await person.get("/desk/blogs/demo")).status_code == 403


async def test_the_search_finds_words_of_names_headlines_and_tags(node, eventually):
    await node.make_blog("tram", headline="The council votes", tags=["transport"])
    await make_person(node, "ada")
    async with await sign_in(node, "ada") as person:
        await eventually(lambda: listed(person, "council"))  # another test had a blog of this name
        for words, found in (("TRANSPORT council", 1), ("october", 1), ("tram october", 0), ("", 2)):
            assert len(await listed(person, words)) == found, words
        page = Document((await person.get("/desk", params={"q": HOSTILE})).text)
        assert HOSTILE.strip() in page.tree.text_content()
        assert (await person.get("/desk?page=0")).status_code == 400


async def test_a_page_may_not_be_framed_kept_or_load_from_elsewhere(node, nobody):
    await make_person(node, "ada")
    async with await sign_in(node, "ada") as person:
        for answer in [await person.get(path) for path in (*PAGES, "/desk/blogs/nowhere")] + [
            await nobody.get("/desk/sign-in")
        ]:
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert "require-trusted-types-for 'script'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", answer.text)


async def test_a_page_has_no_secret(node):
    await make_person(node, "ada", "admin")
    async with await sign_in(node, "ada") as person:
        secret, token = person.headers["cookie"].partition("=")[2], person.headers["stoppress-csrf"]
        for path in PAGES:
            text = (await person.get(path)).text
            assert secret not in text
            assert token not in text


async def test_the_cookie_of_an_ended_session_is_taken_away(node):
    async with browser(node, "wrong") as person:
        answer = await person.get("/desk")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?next=%2Fdesk")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert "Max-Age=0" in (await person.get("/desk/sign-in")).headers["set-cookie"]


async def test_somebody_with_a_session_does_not_sign_in_again(node):
    await make_person(node, "ada")
    async with await sign_in(node, "ada") as person:
        answer = await person.get("/desk/sign-in", params={"next": "/desk/blogs/demo"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/blogs/demo")


async def test_a_blog_that_does_not_exist_is_said_to_editors_in_a_page(node):
    await make_person(node, "ada")
    async with await sign_in(node, "ada") as person:
        answer = await person.get("/desk/blogs/nowhere")
    assert answer.status_code == 404
    assert "There is no such blog" in answer.text


async def test_publishers_cannot_replace_a_template_of_the_desk(start_node, tmp_path: Path):
    (tmp_path / "templates").mkdir()
    for name in ("sign-in.html", "blogs.html"):
        (tmp_path / "templates" / name).write_text("<p>Theirs</p>")
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path / "templates"))
    async with stranger(node) as client:
        assert "Theirs" not in (await client.get("/desk/sign-in")).text


async def test_the_button_of_the_provider_is_there_if_there_is_one(start_node, nobody):
    node = await start_node(
        STOPPRESS_OIDC_ISSUER="https://id.example.org",
        STOPPRESS_OIDC_CLIENT_ID="stoppress",
        STOPPRESS_OIDC_ROLES="groups:desk=editor",
        STOPPRESS_PUBLIC_URL="https://live.example.org",
    )
    async with stranger(node) as client:
        assert "/api/session/oidc" in (await client.get("/desk/sign-in")).text
    assert "/api/session/oidc" not in (await nobody.get("/desk/sign-in")).text


async def test_blog_text_is_text_in_pages(node):
    await node.make_blog(headline=HOSTILE, standfirst=HOSTILE, tags=[HOSTILE[:90]])
    await make_person(node, "ada")
    async with await sign_in(node, "ada") as person:
        for path in PAGES[:3]:  # those that have it
            page = Document((await person.get(path)).text)
            assert HOSTILE in page.tree.text_content()
            assert all(script.get("src") for script in page.all("//script"))
