"""`stoppress people add|change|list|password|remove`."""

from __future__ import annotations

from itertools import count

import pytest

from tests.support.command import Result, invoke
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.people import PASSWORD, post_password

_numbers = count(1)

WORD = PASSWORD.encode()


@pytest.fixture
def run(node: RunningNode):
    def run(*arguments: str, stdin: bytes = b"", key: str = ADMIN_KEY) -> Result:
        environ = {"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": key}
        return invoke("people", *arguments, stdin=stdin, environ=environ)

    return run


@pytest.fixture
def name() -> str:
    return f"person-{next(_numbers)}"


async def test_a_person_is_added_listed_and_removed(run, node: RunningNode, name: str):
    options = (
        "--role",
        "contributor",
        "--blog",
        "cup-*",
        "--blog",
        "league",
        "--display-name",
        "Ann Lee",
        "--password",
    )
    added = run("add", name, *options, "--password", stdin=WORD + b"\r\n")
    assert added.out == f"added {name}: contributor for cup-*, league\n"
    assert PASSWORD not in added.out + added.err
    signed_in = await post_password(node, name)
    assert (signed_in.status_code, signed_in.json()["display_name"]) == (201, "Ann Lee")
    head, *lines = run("list").out.splitlines()
    assert head.split() == ["name", "role", "blogs", "password", "disabled", "display", "name", "added", "by"]
    (line,) = [line for line in lines if line.startswith(f"{name} ")]
    assert line.split() == [name, "contributor", "cup-*,league", "yes", "no", "Ann", "Lee", "root"]
    assert run("remove", name).out == f"removed {name}; all sessions end within 5 seconds\n"
    assert name not in run("list").out
    assert (await post_password(node, name)).status_code == 401


async def test_a_person_is_changed_and_keeps_the_rest(run, node: RunningNode, name: str):
    assert run("add", name).out == f"added {name}: editor for *; it has no password yet\n"
    assert run("password", name, stdin=WORD).out == f"{name} has a new password; sessions with the old one have ended\n"
    assert (await post_password(node, name)).status_code == 201
    assert run("change", name, "--role", "reader", "--blog", "cup").out == f"changed {name}: reader for cup\n"
    assert run("change", name, "--disable").out == f"changed {name}: reader for cup; disabled\n"
    assert (await post_password(node, name)).status_code == 401
    assert run("change", name, "--enable", "--display-name", "Bo").out == f"changed {name}: reader for cup\n"
    assert (await post_password(node, name)).json()["display_name"] == "Bo"


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("add", "a b"), b"", "(422): Names of people have 1 to 64 letters"),
        (("add", "a", "--blog", "a/b"), b"", "(422): `blogs[0]` must be the name of a blog"),
        (("add", "a", "--password"), b"short\n", "(422): `password` must be text of 12 to 200 characters or null"),
        (("password", "nobody"), WORD, "(404): There is no person 'nobody'."),
        (("change", "nobody"), b"", "(404): There is no person 'nobody'."),
        (("remove", "nobody"), b"", "(404): There is no person 'nobody'."),
    ],
)
def test_what_is_wrong_is_said(run, arguments: tuple[str, ...], stdin: bytes, message: str):
    result = run(*arguments, stdin=stdin)
    assert result.code == 1
    assert message in result.error


def test_a_name_is_added_once(run, name: str):
    assert run("add", name).code == 0
    assert "(412): If-None-Match matches" in run("add", name).error


def test_only_an_admin_may(run, node: RunningNode):
    assert "needs the role admin" in run("list", key=node.key).error
