"""`stoppress demo`: what it prints works."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.command import Running, command, environment, running
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url


@pytest.fixture
def store(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


async def introduction(demo: Running) -> tuple[str, str, str]:
    """The reader page, the API page and the command that a demonstration prints."""
    page = (await demo.line("Reader page")).split()[-1]
    assert re.search(r"http://localhost:\d+/desk - sign in as demo", await demo.line("Desk"))
    docs = (await demo.line("Editors' API")).split()[-1]
    await demo.line("Post an entry", "watch it appear")
    first = await demo.line("curl")
    last = await demo.line("-d ")
    begin = demo.lines.index(first)
    return page, docs, "\n".join(demo.lines[begin : demo.lines.index(last) + 1])


def shell(line: str) -> str:
    done = subprocess.run(line, shell=True, capture_output=True, text=True, env={**os.environ, "no_proxy": "*"})  # noqa: S602, ours
    return done.stdout


async def test_the_demonstration_works_as_it_says_twice_on_the_same_store(store: str):
    passwords = set[str]()
    for _ in range(2):
        async with (
            running("demo", "--port", "0", "--store", store) as demo,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            page, docs, curl = await introduction(demo)
            await demo.line("create: Good morning")
            answer = await asyncio.to_thread(shell, curl)
            assert '"html":"<p>My <strong>first</strong> entry.</p>"' in answer
            entries = (await client.get(f"{page}/changes")).json()["entries"]
            assert {"Hello", "Good morning"} <= {entry.get("title") for entry in entries}
            assert sum(entry.get("title") == "Good morning" for entry in entries) == 1
            assert "My <strong>first</strong> entry." in (await client.get(page)).text
            assert (await client.get(docs)).status_code == 200
            password = next(line for line in demo.lines if line.startswith("Desk")).split()[-1]
            passwords.add(password)
            form = {"name": "demo", "password": password}
            session = await client.post(httpx.URL(page).join("/api/session"), json=form)
            assert (session.status_code, session.json()["role"]) == (201, "admin")
            assert await demo.stop() == 0
        assert "Traceback" not in "\n".join(demo.lines)
    assert len(passwords) == 2
    async with RunningNode(store) as node, node.editor(key=ADMIN_KEY) as admin:
        assert (await admin.get("/api/people")).json()["people"] == [], "the person is gone with the demonstration"


async def test_the_demonstration_needs_no_configuration_and_leaves_other_keys_alone(store: str):
    keys = {"STOPPRESS_KEYS": "ann:editor:secret-of-ann", "STOPPRESS_PORT": "0", "STOPPRESS_STORE": store}
    async with running("demo", **keys) as demo, httpx.AsyncClient(trust_env=False) as client:
        page, _, _ = await introduction(demo)
        headers = {"authorization": "Bearer secret-of-ann"}
        assert (await client.get(httpx.URL(page).join("/api/blogs"), headers=headers)).status_code == 200


def test_the_demonstration_ends_quietly_when_nobody_reads_it(store: str):
    with subprocess.Popen(
        command("demo", "--port", "0", "--store", store),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as demo:
        assert demo.stdout and demo.stderr
        demo.stdout.readline()
        demo.stdout.close()
        assert demo.wait(timeout=30) == 1
        assert b"Traceback" not in demo.stderr.read()
