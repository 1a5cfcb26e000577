"""`stoppress entries|edit|correct|retract|pin|unpin|publish|end`: a blog from the command line."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from tests.support.command import Result, invoke
from tests.support.fixtures import Post
from tests.support.node import RunningNode


@pytest.fixture
def run(node: RunningNode, blog: str):
    """Run a command on the test's blog."""

    def run(command: str, *arguments: str, stdin: bytes = b"", **environ: str) -> Result:
        environ = {"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": node.key} | environ
        return invoke(command, blog, *arguments, stdin=stdin, environ=environ)

    return run


async def test_entries_are_listed_with_what_other_commands_need(run, post: Post):
    first = await post(title="A\x1b[31m title", key=True, published_at="2020-10-09T06:12:00Z")
    draft = await post(markdown="Later. " * 20, status="draft")
    lines = run("entries").out.splitlines()
    assert lines[0] == f"{draft['id']}  draft                        {('Later. ' * 20)[:60].rstrip()}"
    assert lines[1] == f"{first['id']}  published  2020-10-09 06:12  A[31m title  [key]"
    assert run("entries", "--status", "draft").out.splitlines() == lines[:1]
    assert run("entries", "--status", "retracted").out == "no entries\n"


async def test_an_entry_is_edited_corrected_pinned_and_retracted(run, post: Post, editor: httpx.AsyncClient, blog: str):
    entry = (await post())["id"]
    address = f"/api/blogs/{blog}/entries/{entry}"

    async def after(command: str, *arguments: str, stdin: bytes = b"") -> dict[str, object]:
        result = run(command, *arguments, stdin=stdin)
        assert (result.code, result.err) == (0, "")
        assert result.out in (f"published {address}\n", f"retracted {address}\n", f"live /api/blogs/{blog}\n")
        found: dict[str, object] = (await editor.get(address)).json()
        return found

    assert (await after("edit", entry, "--title", "T", "--key"))["title"] == "T"
    assert (await after("edit", address, "--no-key", "--markdown", "*a*"))["html"] == "<p><em>a</em></p>"
    assert (await after("edit", entry, stdin=b"from a pipe"))["text"] == "from a pipe"
    corrected = await after("correct", entry, "Not 31.", "--markdown", "-", stdin=b"32")
    assert (corrected["text"], corrected["corrections"][0]["text"], corrected["title"]) == ("32", "Not 31.", "T")  # type: ignore[index]
    assert (await after("pin", entry))["pinned"] is True
    assert (await after("unpin"))["pinned"] is False
    assert (await after("retract", entry, "--note", "N"))["note"] == "N"


async def test_a_draft_is_published_and_another_removed(run, post: Post, blog: str):
    draft, other = [(await post(status="draft"))["id"] for _ in range(2)]
    assert run("publish", draft).out == f"published /api/blogs/{blog}/entries/{draft}\n"
    assert "is published already" in run("publish", draft).error
    assert run("retract", other).out == f"removed /api/blogs/{blog}/entries/{other}\n"
    assert "(404)" in run("publish", other).error


async def test_a_blog_is_ended(run, blog: str):
    assert run("end").out == f"ended /api/blogs/{blog}\n"


def editor_that(folder: Path, script: str) -> str:
    """Return a program for $EDITOR."""
    path = folder / "editor"
    path.write_text(f'#!/bin/sh\n{script}\ntouch -d 2040-01-01 "$1"\n')  # click takes a newer file for a saved one
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("entry", "script", "field", "text"),
    [
        ({"markdown": "old *text*"}, "sed -i s/old/new/", "html", "<p>new <em>text</em></p>"),
        ({"html": "<p>old</p>", "markdown": None}, "sed -i s/old/new/", "html", "<p>new</p>"),
        ({"markdown": "old"}, ":", "version", 1),
    ],
)
async def test_an_editor_opens_with_the_current_text(
    run, post: Post, editor: httpx.AsyncClient, blog: str, tmp_path: Path, entry, script: str, field: str, text
):
    address = f"/api/blogs/{blog}/entries/{(await post(**entry))['id']}"
    with patch("stoppress.tools.desk._is_terminal", lambda: True):
        result = run("edit", address, VISUAL=editor_that(tmp_path, f'{script} "$1"'))
    assert result.out == f"{'unchanged' if script == ':' else 'published'} {address}\n"
    assert (await editor.get(address)).json()[field] == text


def read_and_remove(path: str) -> str:
    text = Path(path).read_text()
    Path(path).unlink()
    return text


async def test_a_text_that_is_rejected_is_kept(run, post: Post, tmp_path: Path):
    entry = await post(markdown="old")
    with patch("stoppress.tools.desk._is_terminal", lambda: True):
        result = run("edit", entry["id"], VISUAL=editor_that(tmp_path, 'printf "%0300000d" 1 > "$1"'))
    assert "(413)" in result.error and len(read_and_remove(result.error.rpartition("Your text is in ")[2])) == 300_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("edit", "nobody"), "standard input is empty; nothing was changed"),
        (("edit", "nobody", "--title", "x"), "the server rejected the request (404): Blog"),
        (("correct", "nobody", "x"), "has no entry 'nobody'"),
        (("edit", "nobody", "--title", "x" * 501), "(422): `title` must be"),
        (("pin", "\udcff"), "the text is not valid UTF-8"),
    ],
)
async def test_an_error_says_why(run, arguments: tuple[str, ...], message: str):
    result = run(*arguments)
    assert (result.code, message in result.error) == (1, True)
