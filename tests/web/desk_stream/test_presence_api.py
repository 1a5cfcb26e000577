"""Presence over one node: who reports, and who sees it."""

from __future__ import annotations

import httpx
import pytest

from tests.support.desk import open_desk
from tests.support.node import RunningNode
from tests.support.people import make_person, sign_in
from tests.web.desk_stream.test_stream import key_of

TAB = "b1946ac92492d234"


async def test_colleagues_see_who_is_there_and_what_is_edited(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    address, name = f"/api/blogs/{blog}/presence", f"ann-{blog}"
    await make_person(node, name, display_name="Ann Example")
    async with (
        await sign_in(node, name) as ann,
        await key_of(node, f"carl-{blog}", "contributor") as carl,
        open_desk(carl, blog) as desk,
    ):
        assert desk.people == []
        assert (await ann.put(address, json={"tab": TAB, "editing": "new"})).status_code == 204
        await desk.until(lambda desk: desk.people)
        assert desk.people[0].pop("at") > "2020"
        assert desk.people == [{"tab": TAB, "who": f"person:{name}", "name": "Ann Example", "editing": "new"}]
        await carl.put(address, json={"tab": TAB})
        await desk.until(lambda desk: len(desk.people) == 2)
        async with open_desk(editor, blog) as second:
            assert second.people == desk.people
        assert (await ann.delete(f"{address}?tab={TAB}")).status_code == 204
        await desk.until(lambda desk: [person["who"] for person in desk.people] == [f"key:carl-{blog}"])
        assert (await carl.delete(f"{address}?tab={TAB}")).status_code == 204
        await desk.until(lambda desk: not desk.people)


@pytest.mark.parametrize("body", [{}, {"tab": "short"}, {"tab": TAB, "editing": "x"}, {"tab": f"{TAB}\n"}, {"tab": 1}])
async def test_wrong_reports_are_refused(editor: httpx.AsyncClient, blog: str, body: dict[str, str]):
    answer = await editor.put(f"/api/blogs/{blog}/presence", json=body)
    assert answer.status_code == 422, answer.text
    assert "tab" in answer.json()["detail"] or "editing" in answer.json()["detail"]


async def test_a_tab_needs_a_blog_that_exists_and_a_right_address(editor: httpx.AsyncClient, blog: str):
    assert (await editor.put("/api/blogs/nothing/presence", json={"tab": TAB})).status_code == 404
    assert (await editor.delete(f"/api/blogs/{blog}/presence?tab=x")).status_code == 400
    assert (await editor.delete(f"/api/blogs/{blog}/presence?tab={TAB}")).status_code == 204
