"""Pages and feeds as caches see them."""

from __future__ import annotations

import httpx

from tests.conftest import StartNode
from tests.support.processes import cpu_seconds

BROWSER = {"accept": "text/html"}


async def test_a_page_is_the_same_until_something_changes(editor, reader, blog):
    first = await reader.get(f"/blogs/{blog}")
    again = await reader.get(f"/blogs/{blog}")
    assert (again.text, again.headers["etag"]) == (first.text, first.headers["etag"])
    await editor.patch(f"/api/blogs/{blog}", json={"headline": "Other"})
    changed = await reader.get(f"/blogs/{blog}", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200 and "Other" in changed.text


async def test_pages_are_not_kept_by_anybody_unless_told(reader, blog):
    for path in (f"/blogs/{blog}", f"/blogs/{blog}/embed", f"/blogs/{blog}.atom", f"/blogs/{blog}.json"):
        headers = (await reader.get(path)).headers
        assert headers["cache-control"] == "no-cache"
        assert "cache-tag" not in headers


async def test_a_cdn_may_keep_pages_and_feeds_for_a_time_and_knows_their_blog(start_node: StartNode):
    node = await start_node(STOPPRESS_PAGE_MAX_AGE="30")
    await node.make_blog()
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as reader:
        for path in ("/blogs/demo", "/blogs/demo/embed", "/blogs/demo.atom", "/blogs/demo.json"):
            fresh = await reader.get(path)
            known = await reader.get(path, headers={"if-none-match": fresh.headers["etag"]})
            for answer in (fresh, known):
                assert answer.headers["cache-control"] == (
                    "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=300"
                )
                assert answer.headers["cache-tag"] == answer.headers["surrogate-key"] == "stoppress-demo"
        assert (await reader.get("/blogs/demo/changes")).headers["cache-control"] == "public, max-age=1"


async def test_hashed_files_never_change_and_others_are_asked_about(start_node: StartNode, tmp_path):
    (tmp_path / "site" / "static").mkdir(parents=True)
    for name in ("logo.0123abcd.svg", "logo.svg"):
        (tmp_path / "site" / "static" / name).write_text("<svg/>")
    node = await start_node(STOPPRESS_TEMPLATES=str(tmp_path / "site"))
    async with httpx.AsyncClient(base_url=f"{node.url}/static/site/", trust_env=False) as reader:
        control = [(await reader.get(f"logo{kind}.svg")).headers["cache-control"] for kind in (".0123abcd", "")]
    assert control == ["public, max-age=31536000, immutable", "no-cache"]


async def test_places_that_somebody_makes_up_cost_no_more_than_the_newest_page(start_node: StartNode, figure):
    node = await start_node()
    await node.make_blog()
    async with node.editor() as editor:
        for number in range(50):
            await editor.post("/api/blogs/demo/entries", json={"markdown": f"Entry {number} of a long day. " * 15})

    async def cost(paths: list[str], host: str = "{}.example") -> float:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(base_url=node.url, trust_env=False, limits=limits) as reader:
            await reader.get(paths[0], headers=BROWSER)
            begin = cpu_seconds(node.pid)
            for number, path in enumerate(paths):
                headers = {**BROWSER, "host": host.format(number), "accept-encoding": "identity"}
                assert len((await reader.get(path, headers=headers)).content) > 20_000
            return (cpu_seconds(node.pid) - begin) / len(paths) * 1000

    newest = await cost(["/blogs/demo"] * 200, "same.example")
    for path in (
        "/blogs/demo?before=2030-01-01T00:00:00.{n:03}Z_00000000-0000-7000-8000-000000000000",
        "/blogs/demo/entries?before=2030-01-01T00:00:00.{n:03}Z_00000000-0000-7000-8000-000000000000",
        "/blogs/demo.atom?before={n}999",
        "/blogs/demo.json?x={n}",
    ):
        made_up = await cost([path.format(n=number) for number in range(1, 201)])
        figure(f"{path}: {made_up:.2f} ms CPU for each made-up place and host, {newest:.2f} for the newest page")
        assert made_up < 3 * newest


async def test_pages_and_feeds_of_big_entries_are_bounded_and_complete(editor, reader, blog):
    written = set()
    for _ in range(8):
        entry = {"markdown": "A long day of talks. " * 4_500}
        written.add((await editor.post(f"/api/blogs/{blog}/entries", json=entry)).json()["id"])
    for path, member, link in (("/entries", "entries", "older"), (".json", "items", "next_url")):
        address, found = f"/blogs/{blog}{path}", set()
        while address:
            page = (await reader.get(address)).json()
            assert len(page[member]) < 8
            found |= {entry["id"].removeprefix("urn:uuid:") for entry in page[member]}
            address = page.get(link)
        assert found == written
    for path in ("", "/embed", ".atom", f"/entries/{min(written)}"):
        assert len((await reader.get(f"/blogs/{blog}{path}", headers=BROWSER)).content) < 2_000_000
