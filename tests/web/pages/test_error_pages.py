"""Pages that say what is wrong, for browsers; programs get a problem as JSON."""

from __future__ import annotations

import httpx
import pytest

from tests.support.page import Document

NOBODY = "0192a000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("address", ["/blogs/nowhere", f"/blogs/nowhere/entries/{NOBODY}", "/nothing"])
async def test_a_browser_is_shown_a_page_that_says_what_is_wrong(reader: httpx.AsyncClient, address: str):
    answer = await reader.get(address, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "accept" in answer.headers["vary"]
    shown = Document(answer.text).tree
    assert "This page does not exist or was removed." in shown.text_content()
    assert shown.xpath("//a/@href") == ["/"]


async def test_a_page_about_an_error_keeps_hints_for_programs_to_itself(reader: httpx.AsyncClient, blog: str):
    for address, status, said in (
        ("/blogs/nowhere", 404, "does not exist"),
        (f"/blogs/{blog}?before=x", 400, "The address of this page is not valid."),
    ):
        page = await reader.get(address, headers={"accept": "text/html"})
        program = await reader.get(address, headers={"accept": "application/json"})
        assert page.status_code == program.status_code == status
        assert said in page.text
        assert program.json()["detail"] not in Document(page.text).tree.text_content()
        assert "PUT" not in page.text and "`" not in page.text


async def test_a_page_about_an_error_does_not_quote_what_was_asked_for(reader: httpx.AsyncClient):
    answer = await reader.get("/blogs/demo/<script>alert(1)", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "script" not in answer.text and "alert" not in answer.text
