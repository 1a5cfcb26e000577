"""The examples in docs/examples, run as they are against a real node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartNode
from tests.support.command import environment
from tests.support.node import KEY, RunningNode
from tests.support.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"

PLUGIN = EXAMPLES / "wordpress" / "stoppress" / "stoppress.php"

STUB = Path(__file__).with_name("wordpress_stub.php")

PHP = shutil.which("php")


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node()
    await node.make_blog()
    return node


async def entries(node: RunningNode) -> list[dict[str, Any]]:
    async with node.editor() as editor:
        return list((await editor.get("/api/blogs/demo/entries")).json()["entries"])


def post(lines: bytes, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, str(EXAMPLES / "post.py"), *arguments]
    return subprocess.run(command, input=lines, env=environment(environ), capture_output=True, timeout=60)


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_the_python_example_posts_each_line(node: RunningNode):
    environ = {"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": KEY}
    done = post(b"**one**\n\ntwo\n", "demo", "--title", "T", "--tag", "a", **environ)
    assert done.returncode == 0, done.stderr.decode()
    found = {one["id"]: one for one in await entries(node)}
    ids = [line.rpartition("/")[2] for line in done.stdout.decode().split()]
    assert [found[one]["markdown"] for one in ids] == ["**one**", "two"]
    assert all((one["title"], one["tags"]) == ("T", ["a"]) for one in found.values())


async def test_the_python_example_says_what_is_wrong(node: RunningNode):
    done = post(b"x\n", "demo", STOPPRESS_URL=node.url, STOPPRESS_API_KEY="wrong")
    assert done.returncode == 1 and b"rejected (401): The API key is missing or wrong" in done.stderr
    assert b"set STOPPRESS_URL" in post(b"x\n", "demo").stderr


@pytest.mark.skipif(PHP is None, reason="needs php")
async def test_the_plugin_for_wordpress_keeps_an_entry_in_step_with_its_post(node: RunningNode):
    assert PHP is not None
    assert "No syntax errors" in run(PHP, "-l", str(PLUGIN))
    steps = [
        {"post_status": "draft"},
        {"post_status": "publish", "post_title": "A &amp; B", "post_content": "one"},
        {"post_status": "publish", "post_content": "two"},
        {"post_status": "trash"},
        {"post_status": "publish", "blog": "missing"},
    ]
    shown = run(PHP, str(STUB), str(PLUGIN), node.url, KEY, json.dumps(steps))
    draft, first, second, gone, failed = (json.loads(line) for line in shown.splitlines()[:5])
    assert "_stoppress_entry" not in draft and "_stoppress_entry" not in gone
    assert first["_stoppress_entry"] == second["_stoppress_entry"]
    assert "'missing' does not exist" in failed["_stoppress_error"] and "notice-error" in shown
    (entry,) = await entries(node)
    assert entry["status"] == "retracted" and first["_stoppress_entry"].endswith(entry["id"])
    async with node.editor() as editor:
        versions = (await editor.get(f"/api/blogs/demo/entries/{entry['id']}/versions")).json()["versions"]
    assert [one["version"] for one in versions] == [3], "two writes before the retraction"
    page = f"{node.url}/blogs/demo"
    element = f'<live-blog src="{page}" lang="de"><a href="{page}">Live blog</a></live-blog>'
    assert element in shown and f"{node.url}/client/element.js" in shown
    assert shown.endswith("|\n") and "<script>" not in shown


def test_the_plugin_looks_like_php_where_there_is_none():
    """What can be checked without PHP: the file opens, closes all brackets, and checks that WordPress loads it."""
    text = PLUGIN.read_text()
    assert text.startswith("<?php\n") and "?>" not in text and "! defined( 'ABSPATH' )" in text
    assert all(text.count(one) == text.count(other) for one, other in ("()", "{}", "[]"))
