"""`stoppress tail`: a blog in the terminal."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.conftest import StartNode
from tests.support.command import command, environment, invoke, running
from tests.support.node import RunningNode


async def test_tail_prints_what_is_there_and_what_happens(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo", headline="Talks in Moscow")
    entries = "/api/blogs/demo/entries"
    async with node.editor() as editor, running("tail", "demo", STOPPRESS_URL=node.url) as tail:
        old = {"title": "Before", "markdown": "*One*\n\nTwo", "published_at": "2020-10-09T06:12:00Z"}
        first = await editor.post(entries, json=old)
        assert await tail.line("Talks in Moscow") == "== Talks in Moscow (live)"
        assert await tail.line("Before") == "06:12  Before"
        assert [await tail.line(), await tail.line()] == ["       One", "       Two"]
        await editor.post(
            entries,
            json={"title": "Key", "key": True, "breaking": True, "markdown": "x", "source": {"name": "Anadolu"}},
        )
        assert (await tail.line("Key")).endswith("  Key [breaking, key]")
        assert await tail.line("Source") == "       Source: Anadolu"
        await editor.patch(first.headers["location"], json={"markdown": "Three", "correction": "Not one."})
        assert await tail.line("Before") == "06:12  Before [edited]"
        assert [await tail.line(), await tail.line()] == ["       Three", "       Correction: Not one."]
        await editor.request("DELETE", first.headers["location"], json={"note": "It was wrong."})
        assert await tail.line("Retracted") == "06:12  Retracted. It was wrong."
        await editor.patch("/api/blogs/demo", json={"status": "ended"})
        assert await tail.line("ended") == "== Talks in Moscow (ended)"


async def test_tail_waits_for_a_server_that_is_not_there_yet_or_was_away(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    await node.stop()
    async with running("tail", "--url", node.url, "demo") as tail:
        await tail.line("cannot reach", "trying again")
        await node.start()
        await tail.line("== demo (live)")
        await node.stop()
        await node.start()
        async with node.editor() as editor:
            await editor.post("/api/blogs/demo/entries", json={"markdown": "after the restart"})
        await tail.line("after the restart")
    assert sum("==" in line for line in tail.lines) == 1


async def test_tail_ends_when_the_blog_is_deleted(node: RunningNode):
    await node.make_blog("deleted")
    async with running("tail", "--url", node.url, "deleted") as tail, node.editor() as editor:
        await tail.line("== deleted")
        await editor.delete("/api/blogs/deleted")
        assert await tail.line("stoppress:") == "stoppress: This blog was deleted."
        assert await tail.ended() == 1


async def test_tail_ends_quietly_on_ctrl_c(node: RunningNode):
    async with running("tail", "--url", node.url, "demo") as tail:
        await tail.line("== demo")
        assert await tail.stop(signal.SIGINT) == 130
        assert "Traceback" not in "\n".join(await tail.rest())


def test_tail_ends_quietly_when_nobody_reads_it(node: RunningNode):
    for _ in range(3):
        invoke("post", "--url", node.url, "--api-key", node.key, "demo", "x")
    with subprocess.Popen(
        command("tail", "--url", node.url, "demo"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tail:
        assert tail.stdout and tail.stderr
        tail.stdout.readline()
        tail.stdout.close()
        invoke("post", "--url", node.url, "--api-key", node.key, "demo", "y")
        assert tail.wait(timeout=10) == 1
        assert tail.stderr.read() == b""


@pytest.mark.parametrize(
    ("url", "blog", "message"),
    [
        ("{}", "nowhere", "Blog 'nowhere' does not exist"),
        ("{}", "a/b", "Blog 'a/b' does not exist"),
        ("{}/elsewhere", "demo", "has no live blog 'demo'"),
        *(
            (url, "demo", f"{url} is not the address of a server")
            for url in ("nonsense", "ftp://x.example", "http://[::1")
        ),
    ],
)
def test_tail_of_what_is_not_there_says_so(node: RunningNode, url: str, blog: str, message: str):
    result = invoke("tail", "--url", url.format(node.url), blog)
    assert result.code == 1
    assert message in result.error
