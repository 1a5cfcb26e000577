"""The list of blogs: live ones first, with what they have; bounded; empty."""

from __future__ import annotations

import httpx
import pytest

from stoppress.web.pages.index import PER_PAGE
from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.page import Document


@pytest.fixture
async def node(start_node: StartNode) -> RunningNode:
    return await start_node()


async def rows(reader: httpx.AsyncClient, path: str = "/") -> list[str]:
    answer = await reader.get(path)
    assert answer.status_code == 200, answer.text
    return [" ".join(item.text_content().split()) for item in Document(answer.text).all("//main//li")]


async def test_blogs_stand_by_status_with_what_they_have(node, reader):
    await node.make_blog("a", headline="Over", status="ended", coverage_end="2020-10-10T00:00:00Z")
    await node.make_blog("b", headline="Later", status="scheduled", coverage_start="2040-10-10T00:00:00Z")
    await node.make_blog("c", headline="Resting", status="paused")
    await node.make_blog("d", headline="Running", standfirst="As it happens.")
    await node.make_blog("e", headline="Over since", status="ended", coverage_end="2020-10-11T00:00:00Z")
    async with node.editor() as editor:
        for name, hour in (("d", 6), ("d", 8), ("d", 7), ("a", 6)):
            entry = {"markdown": "x", "published_at": f"2020-10-09T0{hour}:00:00Z"}
            await editor.post(f"/api/blogs/{name}/entries", json=entry)
        await editor.post("/api/blogs/c/entries", json={"markdown": "x", "status": "draft"})
    assert await rows(reader) == [
        "Live Running As it happens. 3 updates, the last one 2020-10-09 08:00 UTC",
        "Paused Resting No updates yet",
        "Not started yet Later Starts 2040-10-10 00:00 UTC",
        "Ended Over since No updates yet",
        "Ended Over 1 update, the last one 2020-10-09 06:00 UTC",
    ]


async def test_the_newest_coverage_stands_first_and_what_begins_next(node, reader):
    for hour in (7, 9, 8):
        await node.make_blog(f"live-{hour}", headline=f"Live {hour}", coverage_start=f"2020-10-09T0{hour}:00:00Z")
    await node.make_blog("some-day", headline="Some day", status="scheduled")
    for day in (12, 11):
        start = f"2040-10-{day}T00:00:00Z"
        await node.make_blog(f"on-{day}", headline=f"On {day}", status="scheduled", coverage_start=start)
    headings = Document((await reader.get("/")).text).all("//main//li/h2")
    assert [one.text_content() for one in headings] == ["Live 9", "Live 8", "Live 7", "On 11", "On 12", "Some day"]


@pytest.mark.parametrize("has_times", [False, True])
async def test_a_walk_over_all_pages_meets_each_blog_once(node, has_times: bool):
    """After a start no blog is in memory, and each look at a page brings some there."""
    names = [f"b{number:02}" for number in range(2 * PER_PAGE + 5)]
    for number, name in enumerate(names):
        times = {"coverage_start": f"2020-10-09T06:{number // 2 % 60:02}:00Z"} if has_times else {}
        await node.make_blog(name, **times)
        async with node.editor() as editor:
            entry = {"markdown": "x", "published_at": f"2020-10-{1 + number // 24:02}T{number % 24:02}:00:00Z"}
            await editor.post(f"/api/blogs/{name}/entries", json=entry)
    await node.stop()
    await node.start()
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as again:
        walks = [[await rows(again, f"/?page={page}") for page in (1, 2, 3)] for _ in range(2)]
    for walk in walks:
        met = [row.split()[1] for page in walk for row in page]
        assert sorted(met) == names
    assert walks[0] == walks[1]


async def test_it_is_paged_and_says_how_to_make_the_first_blog(node, reader, eventually):
    assert "No blogs yet. Make one with" in Document((await reader.get("/")).text).tree.text_content()
    for number in range(PER_PAGE + 1):
        await node.make_blog(f"b{number:02}")
    await eventually(lambda: rows(reader, "/?page=2"))
    first, second = await rows(reader), await rows(reader, "/?page=2")
    assert (len(first), len(second)) == (PER_PAGE, 1)
    assert not {*first} & {*second}
    assert Document((await reader.get("/")).text).all("//a[@rel='next']/@href") == ["/?page=2"]
    page = Document((await reader.get("/?page=2")).text)
    assert page.all("//a[@rel='prev']/@href") == ["/"]
    assert page.links("canonical") == [f"{node.url}/?page=2"]
    assert "There are no more blogs" in (await reader.get("/?page=3")).text
    assert (await reader.get("/?page=0")).status_code == 400


async def test_it_is_not_sent_again_until_it_changes(node, reader, eventually):
    await node.make_blog("a", headline="Talks")
    known = {"if-none-match": (await reader.get("/")).headers["etag"]}
    assert (await reader.get("/", headers=known)).status_code == 304
    await node.make_blog("a", headline="Talks are over")

    async def changed() -> bool:
        answer = await reader.get("/", headers=known)
        return answer.status_code == 200 and "Talks are over" in answer.text

    assert await eventually(changed)


@pytest.mark.parametrize("path", ["/blogs", "/blogs/"])
async def test_the_folder_of_blogs_leads_to_the_list(reader, path: str):
    answer = await reader.get(path, follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, "/")
