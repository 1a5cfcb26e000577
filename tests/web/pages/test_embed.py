"""What a `<live-blog>` in somebody else's page asks for: the blog's markup, with addresses that lead to the server."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.page import Document
from tests.support.publishing import post


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_NEWEST="2")
    await node.make_blog(headline="A day in October", language="ar")
    for number in range(3):
        await post(node, title=f"Number {number}", key=True)
    return node


async def test_it_is_the_element_of_the_page_and_nothing_around_it(reader: httpx.AsyncClient):
    answers = [await reader.get("/blogs/demo/embed", headers={"host": host}) for host in ("one.example", "x<>")]
    assert answers[0].text == answers[1].text, "it is the same for every host"
    assert answers[0].headers["content-type"].startswith("text/html")
    assert answers[0].headers["x-robots-tag"] == "noindex"
    assert answers[0].headers["access-control-allow-origin"] == "*"
    page = Document(answers[0].text)
    assert [one.tag for one in page.all("/html/body/*")] == ["live-blog"]
    assert page.all("//h1/text()") == ["A day in October"]
    assert len(page.all("//article")) == 2
    assert page.all("//slot/@name") == ["masthead", "related", "footer"]
    assert not page.all("//script")
    assert page.all("//live-blog/@src") == ["/blogs/demo"]
    for address in page.all("//a/@href"):
        assert address.startswith(("/blogs/demo", "#entries")), address


@pytest.mark.parametrize("lang", ["x" * 10_000, "de\r\nx-a: b", "<b>", "../de", "DE", "de_AT", "\0"])
async def test_no_language_is_too_strange(reader: httpx.AsyncClient, lang: str):
    answer = await reader.get("/blogs/demo/embed", params={"lang": lang})
    assert answer.status_code == 200 and "x-a" not in answer.headers
    assert answer.text in [(await reader.get(f"/blogs/demo/embed?lang={one}")).text for one in ("de", "en")]


@pytest.mark.parametrize(("lang", "said"), [("de-AT", "Reihenfolge"), ("en", "Order"), ("tlh", "Order"), ("", "Order")])
async def test_it_speaks_the_language_that_is_asked_for(node: RunningNode, reader: httpx.AsyncClient, lang, said):
    page = Document((await reader.get("/blogs/demo/embed", params={"lang": lang})).text)
    assert said in page.tree.text_content()
    assert page.all("//*[@data-part='title']/@lang") == ["ar"]
    assert page.all("//*[@data-part='title']/@dir") == ["rtl"]
    assert not page.all("//*[@data-part='pages']/@lang")


@pytest.mark.parametrize(("lang", "said"), [("de", "Nicht verfügbar"), ("en", "Not available")])
async def test_of_a_blog_that_is_not_there_it_says_so(node: RunningNode, reader: httpx.AsyncClient, lang, said):
    answer = await reader.get("/blogs/nowhere/embed", params={"lang": lang})
    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == "*"
    page = Document(answer.text)
    assert page.all("//live-blog/p/text()") == [said]
    assert not page.all("//@data-cursor")
