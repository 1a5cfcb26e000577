"""The examples of the guide run as they are, with the rights that the guides give, and print what it says."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conftest import StartNode
from tests.inbox.sender import ANSWERS, CHANNEL, MESSAGES
from tests.inbox.test_stream import titles
from tests.support.node import RunningNode
from tests.support.paths import ROOT
from tests.support.redis_servers import RedisServer
from tests.test_docs import section

pytestmark = pytest.mark.redis

PAGE = ROOT / "docs" / "howto" / "publish-through-redis.md"


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of code of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section(PAGE, f"## {heading}"), re.MULTILINE | re.DOTALL)


async def run(*command: str | Path) -> str:
    """Run a command, and return what it prints. Fails if the command does."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


@pytest.fixture
async def node(redis: Redis, redis_server: RedisServer, start_node: StartNode) -> AsyncIterator[RunningNode]:
    """A node with the rights that the guide gives to nodes."""
    node = await start_node(redis_server.node_url, STOPPRESS_INBOX="cms")
    yield node
    await node.stop()


@pytest.fixture
async def shell(redis: Redis, redis_server: RedisServer) -> AsyncIterator[list[str]]:
    """The user of the guide. The value is what turns commands of the guide into commands of this user."""
    (command,) = blocks("Turn it on", "sh")[1:]
    assert (await run("sh", "-c", command.replace("6399", str(redis_server.port)))).strip() == "OK"
    yield [f"redis-cli -p {redis_server.port} --no-auth-warning --user cms --pass PASSWORD"]
    await redis.execute_command("ACL", "DELUSER", "cms")


async def test_the_commands_of_redis_cli_publish(redis: Redis, node: RunningNode, shell: list[str]):
    printed = []
    while (await redis.pubsub_numsub(CHANNEL))[0][1] != 1:
        await asyncio.sleep(0.02)
    for block in blocks("With redis-cli", "sh"):
        for command in re.split(r"\n(?=redis-cli)", block):
            printed.append(await run("sh", "-c", command.replace("redis-cli -p 6399", shell[0])))
            if "create_blog" in command:
                while not await redis.xlen(ANSWERS):
                    await asyncio.sleep(0.02)
    assert '"status":201,"blog":"council"' in printed[2]
    assert printed[3].strip() == "1"
    async with node.editor() as editor:
        async with asyncio.timeout(30):
            while len(found := (await editor.get("/api/blogs/council/entries")).json()["entries"]) < 2:
                await asyncio.sleep(0.02)
    assert {entry["text"] for entry in found} == {"31 votes to 12.", "Reactions follow."}


async def test_the_user_of_the_guide_may_do_nothing_else(redis: Redis, node: RunningNode, shell: list[str]):
    await node.make_blog()
    for command in (f"XREAD STREAMS '{MESSAGES}' 0", f"XADD '{ANSWERS}' '*' a b", "KEYS '*'", "GET x", "FLUSHALL"):
        assert "NOPERM" in await run("sh", "-c", f"{shell[0]} {command}"), command
    for command in ("HGETALL 'stoppress:{demo}:items'", "PUBLISH 'stoppress:0:{demo}' x"):
        assert "NOPERM" in await run("sh", "-c", f"{shell[0]} {command}"), command


@pytest.mark.parametrize(("language", "name"), [("Python", "inbox.py"), ("PHP", "inbox.php")])
async def test_the_programs_print_what_the_guide_says(
    redis: Redis, redis_server: RedisServer, node: RunningNode, shell: list[str], tmp_path: Path, language, name
):
    while (await redis.pubsub_numsub(CHANNEL))[0][1] != 1:
        await asyncio.sleep(0.02)
    (code,) = blocks(f"In {language}", language.lower())
    expected = section(PAGE, f"## In {language}").partition("It prints:\n\n```\n")[2].partition("```")[0]
    program = sys.executable if language == "Python" else shutil.which("php")
    assert program, "this test needs php: apt-get install php-cli php-redis"
    file = tmp_path / name
    file.write_text(
        code.replace("redis://127.0.0.1:6399", f"redis://cms:PASSWORD@127.0.0.1:{redis_server.port}")
        .replace("'127.0.0.1', 6399", f"'127.0.0.1', {redis_server.port}")
        .replace("connect($host, $port);", "connect($host, $port); $this->redis->auth(['cms', 'PASSWORD']);")
    )
    assert await run(program, file) == expected


async def test_the_stream_of_answers_is_bounded(redis: Redis, node: RunningNode):
    await redis.xadd(MESSAGES, {"blog": "demo", "action": "create_blog"})
    while not await redis.xlen(ANSWERS):
        await asyncio.sleep(0.02)
    pipeline = redis.pipeline(transaction=False)
    for _ in range(11_000):
        pipeline.xadd(ANSWERS, {"id": "x", "answer": "{}"})
    await pipeline.execute()
    await redis.xadd(MESSAGES, {"blog": "demo", "body": '{"title":"x"}'})
    async with asyncio.timeout(30):
        while await redis.xlen(ANSWERS) > 10_200:
            await asyncio.sleep(0.02)
    assert await titles(node) == ["x"]
