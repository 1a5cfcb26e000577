"""`stoppress keys add|list|revoke`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest

from stoppress.access.secret import is_secret
from tests.support.command import Result, invoke
from tests.support.node import ADMIN_KEY, RunningNode

_numbers = count(1)


@pytest.fixture
def run(node: RunningNode):
    def run(*arguments: str, key: str = ADMIN_KEY) -> Result:
        return invoke("keys", *arguments, environ={"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": key})

    return run


@pytest.fixture
def name() -> str:
    return f"key-{next(_numbers)}"


async def test_a_key_is_made_listed_and_revoked(run, node: RunningNode, name: str):
    made = run(
        "add", name, "--role", "contributor", "--blog", "cup-*", "--blog", "league", "--until", "2099-01-31T18:00Z"
    )
    assert made.code == 0
    assert made.err == (
        f"made key {name}: contributor for cup-*, league, until 2099-01-31 18:00 UTC. "
        "Keep its secret; it is not shown again:\n"
    )
    secret = made.out.removesuffix("\n")
    assert is_secret(secret), "standard output has nothing else"
    async with node.editor(key=secret) as client:
        assert (await client.get("/api/blogs")).status_code == 200
    head, *lines = run("list").out.splitlines()
    assert head.split() == ["name", "role", "blogs", "ends", "last", "used", "made", "by"]
    (line,) = [line for line in lines if line.startswith(f"{name} ")]
    assert line.split()[1:5] == ["contributor", "cup-*,league", "2099-01-31", "18:00"]
    assert line.split()[-1] == "root"
    assert run("revoke", name).out == f"revoked key {name}; all nodes refuse it within 5 seconds\n"
    assert name not in run("list").out
    async with node.editor(key=secret) as client:
        assert (await client.get("/api/blogs")).status_code == 401


def test_without_options_a_key_is_for_all_blogs_and_does_not_end(run, name: str):
    made = run("add", name)
    assert f"made key {name}: editor for *, without an end." in made.err
    (line,) = [line for line in run("list").out.splitlines() if line.startswith(f"{name} ")]
    assert line.split() == [name, "editor", "*", "never", "never", "root"]


@pytest.mark.parametrize(("until", "hours"), [("90m", 1.5), ("12h", 12), ("30d", 720)])
async def test_an_end_may_be_a_duration(run, node: RunningNode, name: str, until: str, hours: float):
    assert run("add", name, "--until", until).code == 0
    async with node.editor(key=ADMIN_KEY) as client:
        ends = datetime.fromisoformat((await client.get(f"/api/keys/{name}")).json()["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("add", "x", "--until", "tomorrow"),
            "--until must be a time, or a duration such as 12h or 30d; got 'tomorrow'",
        ),
        (("add", "x", "--until", "2020-01-01"), "`expires_at` must be in the future"),
        (("add", "a b"), "`name` must be 1 to 64 letters"),
        (("add", "x", "--blog", "a b"), "a pattern such as sport-*"),
        (("revoke", "nobody"), "(404): There is no API key 'nobody'"),
        (("revoke", "a/b"), "(404)"),
    ],
)
def test_an_error_says_what_to_do(run, arguments: tuple[str, ...], message: str):
    result = run(*arguments)
    assert (result.code, message in result.error) == (1, True), result


def test_an_editor_is_told_that_this_needs_an_admin(run, node: RunningNode):
    assert "needs the role admin" in run("list", key=node.key).error
    assert "(401)" in run("list", key="wrong").error


async def test_a_list_without_keys_says_so(run, node: RunningNode):
    async with node.editor(key=ADMIN_KEY) as client:
        for key in (await client.get("/api/keys")).json()["keys"]:
            assert (await client.delete(f"/api/keys/{key['name']}")).status_code == 204
    assert run("list").out == "no keys; those in STOPPRESS_KEYS are not in this list\n"


async def test_an_ended_key_is_marked(run, node: RunningNode, name: str, eventually):
    async with node.editor(key=ADMIN_KEY) as client:
        soon = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
        secret = (await client.post("/api/keys", json={"name": name, "role": "reader", "expires_at": soon})).json()[
            "secret"
        ]

    async def is_refused() -> bool:
        async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
            answer = await client.get("/api/blogs", headers={"authorization": f"Bearer {secret}"})
            return answer.status_code != 403

    await eventually(is_refused)
    (line,) = [line for line in run("list").out.splitlines() if line.startswith(f"{name} ")]
    assert line.split()[3] == "ended"
