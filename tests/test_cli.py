"""The command line: what each command does, and one line with exit code 2 for what has to be set right first."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import cast

import httpx
import pytest

from stoppress import __version__
from stoppress.process.sockets import address_of
from stoppress.settings import SETTINGS
from tests.conftest import StartNode
from tests.support.command import Running, command, environment, running, stoppress
from tests.support.node import RunningNode, sqlite_url

COMMANDS = ("serve", "demo", "post", "tail", "doctor", "top", "export")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """One server for the tests of commands that talk to one."""
    node = RunningNode(sqlite_url(tmp_path_factory.mktemp("store")))
    with asyncio.Runner() as runner:
        runner.run(node.start())
        runner.run(node.make_blog("demo"))
        yield node
        runner.run(node.stop())


# Help


def test_help_names_every_command():
    for arguments in ((), ("--help",), ("-h",)):
        text = stoppress(*arguments)
        assert all(name in text.out + text.err for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help(name: str):
    result = stoppress(name, "--help")
    assert result.code == 0
    assert f"{name} [OPTIONS]" in result.out
    assert len(result.out.splitlines()) > 5


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_help_names_every_setting_with_its_variable_and_default(name: str):
    text = " ".join(stoppress(name, "--help").out.split())
    for setting in SETTINGS:
        if setting.has_flag:
            default = setting.default_text
            assert f"{setting.option} VALUE {setting.help} [{setting.variable}; default: {default}]" in text
        else:
            assert setting.option + " " not in text


def test_the_version_is_printed():
    assert stoppress("--version").out == f"stoppress, version {__version__}\n"


@pytest.mark.parametrize("arguments", [("nothing",), ("serve", "--nothing"), ("post",), ("tail",), ("serve", "extra")])
def test_wrong_usage_is_explained(arguments: tuple[str, ...]):
    result = stoppress(*arguments)
    assert result.code == 2
    assert "Usage: " in result.err and "Error: " in result.err
    assert "Traceback" not in result.err


def test_a_server_allows_itself_all_the_files_it_may_open(store: str):
    limited = ("sh", "-c", 'ulimit -Sn 128; exec "$@"', "sh")
    with subprocess.Popen(
        [*limited, *command("serve", "--port", "0", "--store", store)], env=environment(), stdout=subprocess.PIPE
    ) as server:
        assert server.stdout and b"serves" in server.stdout.readline()
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        server.terminate()
    found = re.search(r"^Max open files +(\d+) +(\d+)", limits, re.MULTILINE)
    assert found and found[1] == found[2] != "128"


# What has to be set right first


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_a_port_in_use_is_named(name: str, store: str):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        result = stoppress(name, "--port", port, "--store", store)
    assert result.code == 2
    assert result.error == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another address with --host and --port"
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("nowhere.invalid", "."),
        ("a..b", "invalid host name"),
        ("x" * 70 + ".example", "invalid host name"),
        ("192.0.2.1", "Cannot assign requested address"),
    ],
)
def test_a_host_that_cannot_be_listened_on_is_named(host: str, reason: str, store: str):
    result = stoppress("serve", "--port", "0", "--host", host, "--store", store)
    assert result.code == 2
    assert re.match(f"cannot listen on {host}:0: {reason}", result.error)
    assert "Errno" not in result.error


@pytest.mark.parametrize("name", ["serve", "demo"])
@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/blogs.db",
        "/proc/blogs.db",
    ],
)
def test_a_store_that_cannot_be_written_is_named(name: str, path: str):
    result = stoppress(name, "--port", "0", "--store", f"sqlite:{path}")
    assert result.code == 2
    assert f"cannot write to the store {path}" in result.error
    assert "--store sqlite:PATH" in result.error


async def test_a_store_in_use_is_named(start_node: StartNode, store: str):
    await start_node(store)
    result = await asyncio.to_thread(stoppress, "serve", "--port", "0", "--store", store)
    assert result.code == 2
    assert "in use by another stoppress: stop that, or use another file with --store" in result.error


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path):
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary, " * 1_000)
    result = stoppress("serve", "--port", "0", "--store", f"sqlite:{file}")
    assert result.code == 2
    assert str(file) in result.error
    assert file.read_text() == "Dear diary, " * 1_000


def test_a_redis_that_is_not_there_is_named():
    result = stoppress("serve", "--port", "0", "--store", "redis://127.0.0.1:1/0")
    assert result.code == 2
    assert "127.0.0.1:1" in result.error


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"STOPPRESS_PORT": "http"}, "STOPPRESS_PORT='http': must be a whole number from 0 to 65535"),
        ({"STOPPRESS_BEAT": "0"}, "STOPPRESS_BEAT='0': must be a number from 0.05 to 3600"),
        ({"STOPPRESS_STORE": "mysql://root:secret@db"}, "--store has the unknown scheme 'mysql'"),
        ({"STOPPRESS_KEYS": "ann"}, "key 1 of STOPPRESS_KEYS is malformed"),
        ({"STOPPRESS_KEYS": "ann:king:secret-of-ann"}, "unknown role 'king'"),
        ({"STOPPRESS_KEYS_FILE": "/nowhere/keys"}, "cannot read STOPPRESS_KEYS_FILE /nowhere/keys: No such file"),
    ],
)
@pytest.mark.parametrize("name", ["serve", "demo"])
def test_a_wrong_setting_is_explained_in_one_line(name: str, environ: dict[str, str], message: str, store: str):
    result = stoppress(name, environ={"STOPPRESS_STORE": store, "STOPPRESS_PORT": "0"} | environ)
    assert result.code == 2
    assert message in result.error
    assert "s3cr3t" not in result.error and "root:secret" not in result.error


def test_a_flag_wins_over_the_environment(store: str):
    result = stoppress("serve", "--port", "x", environ={"STOPPRESS_PORT": "y", "STOPPRESS_STORE": store})
    assert result.error.startswith("--port='x'")


# serve


async def test_serve_says_where_it_listens_and_ends_with_0(store: str):
    async with running("serve", "--port", "0", STOPPRESS_STORE=store) as server:
        warning = await server.line("warning")
        line = await server.line("serves http://127.0.0.1:")
        assert await server.stop() == 0
    assert "nobody can publish without editors' keys; set STOPPRESS_KEYS=name:editor:SECRET" in warning
    assert line.startswith(f"Stoppress {__version__} serves ")
    assert len(server.lines) == 2


async def test_serve_ends_with_0_on_ctrl_c(store: str):
    async with running("serve", "--port", "0", STOPPRESS_STORE=store) as server:
        await server.line("serves")
        assert await server.stop(signal.SIGINT) == 0
    assert "Traceback" not in "\n".join(server.lines)


def test_the_address_of_an_ipv6_socket_has_brackets():
    class Listening:  # as a socket on ::1, which not every machine has
        def getsockname(self) -> tuple[str, int, int, int]:
            return "::1", 8000, 0, 0

    assert address_of(cast(socket.socket, Listening())) == "http://[::1]:8000"


# post


def post(node: RunningNode, *arguments: str | bytes, stdin: bytes = b"", key: str | None = None):
    return stoppress("post", "--url", node.url, *arguments, stdin=stdin, environ={"STOPPRESS_API_KEY": key or node.key})


def read(node: RunningNode, address: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {node.key}"}
    found: dict[str, object] = httpx.get(node.url + address, headers=headers, trust_env=False).json()
    return found


def test_post_publishes_what_it_is_given(node: RunningNode):
    result = post(node, "demo", "Talks *begin*.")
    status, address = result.out.split()
    assert (result.code, status) == (0, "published")
    assert read(node, address)["html"] == "<p>Talks <em>begin</em>.</p>"


@pytest.mark.parametrize("arguments", [["demo"], ["demo", "-"]])
def test_post_publishes_standard_input(node: RunningNode, arguments: list[str]):
    result = post(node, *arguments, stdin="Ergün\n\nsaid".encode())
    assert read(node, result.out.split()[1])["text"] == "Ergün\nsaid"


def test_post_takes_every_option(node: RunningNode):
    options = ["--title", "T", "--key", "--breaking", "--pinned", "--tag", "a", "--tag", "b", "--draft"]
    result = post(node, *options, "demo", "x")
    entry = read(node, result.out.split()[1])
    assert result.out.startswith("draft ")
    assert (entry["title"], entry["tags"], entry["status"]) == ("T", ["a", "b"], "draft")
    assert entry["key"] is entry["breaking"] is entry["pinned"] is True


def test_post_makes_the_blog_if_it_is_told_to(node: RunningNode):
    for _ in range(2):
        assert post(node, "--create", "made-by-post", "x").code == 0
    assert read(node, "/api/blogs/made-by-post")["headline"] == "made-by-post"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "x"], "(404): Blog 'nowhere' does not exist"),
        (["a/b?c#d", "x"], "(404): There is nothing at /api/blogs/a/b"),
        (["demo", ""], "(422): The entry is empty"),
        (["--create", "no good", "x"], "(422): Blog names have"),
        (["demo", b"\xff"], "the text is not valid UTF-8"),
        ([b"\xff", "x"], "the text is not valid UTF-8"),
    ],
)
def test_post_says_why_it_was_refused(node: RunningNode, arguments: list[str | bytes], message: str):
    result = post(node, *arguments)
    assert result.code == 1
    assert message in result.error


def test_post_refuses_standard_input_that_is_no_text(node: RunningNode):
    result = post(node, "demo", stdin=b"\xff\xfe\x00")
    assert (result.code, result.error) == (1, "the text is not valid UTF-8; save it as UTF-8 and try again")


def test_post_with_a_wrong_key_says_so(node: RunningNode):
    result = post(node, "demo", "x", key="wrong-secret")
    assert result.code == 1
    assert "(401): The API key is missing or wrong" in result.error


def test_post_with_an_impossible_key_does_not_print_it(node: RunningNode):
    result = post(node, "demo", "x", key="a\nb")
    assert result.code == 1
    assert result.error == "the API key contains characters that cannot be sent; copy it again"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1", "ftp://example.org", "http://a..b"])
def test_post_to_no_server_says_so(url: str):
    result = stoppress("post", "--url", url, "--api-key", "k", "demo", "x")
    assert result.code == 1
    assert f"cannot reach {url}" in result.error


@pytest.fixture(params=[200, 302, 404, 500])
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that is none of ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(request.param)
            self.send_header("content-length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_post_to_another_server_says_so(other_server: str):
    result = stoppress("post", "--url", other_server, "--api-key", "k", "demo", "x")
    assert result.code == 1
    assert f"{other_server}/api/blogs/demo/entries is not a Stoppress server; it answered with" in result.error


def test_post_without_a_key_says_where_it_comes_from():
    result = stoppress("post", "demo", "x")
    assert result.code == 2
    assert "STOPPRESS_API_KEY" in result.err


# tail


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


async def test_tail_goes_on_after_the_server_was_away(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with running("tail", "--url", node.url, "demo") as tail:
        await tail.line("== demo (live)")
        await node.stop()
        await node.start()
        async with node.editor() as editor:
            await editor.post("/api/blogs/demo/entries", json={"markdown": "after the restart"})
        await tail.line("after the restart")
    assert sum("==" in line for line in tail.lines) == 1


async def test_tail_waits_for_a_server_that_is_not_there_yet(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    await node.stop()
    async with running("tail", "--url", node.url, "demo") as tail:
        await tail.line("cannot reach", "trying again")
        await node.start()
        await tail.line("== demo (live)")


async def test_tail_ends_when_the_blog_is_deleted(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with running("tail", "--url", node.url, "demo") as tail, node.editor() as editor:
        await tail.line("== demo")
        await editor.delete("/api/blogs/demo")
        assert await tail.line("stoppress:") == "stoppress: This blog was deleted."
        assert await tail.ended() == 1


async def test_tail_ends_quietly_on_ctrl_c(node: RunningNode):
    async with running("tail", "--url", node.url, "demo") as tail:
        await tail.line("== demo")
        assert await tail.stop(signal.SIGINT) == 130
        assert "Traceback" not in "\n".join(await tail.rest())


def test_tail_ends_quietly_when_nobody_reads_it(node: RunningNode):
    for _ in range(3):
        post(node, "demo", "x")
    with subprocess.Popen(
        command("tail", "--url", node.url, "demo"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tail:
        assert tail.stdout and tail.stderr
        tail.stdout.readline()
        tail.stdout.close()
        post(node, "demo", "y")
        assert tail.wait(timeout=10) == 1
        assert tail.stderr.read() == b""


@pytest.mark.parametrize(
    ("path", "blog", "message"),
    [
        ("", "nowhere", "Blog 'nowhere' does not exist"),
        ("", "a/b", "Blog 'a/b' does not exist"),
        ("/elsewhere", "demo", "has no live blog 'demo'"),
    ],
)
def test_tail_of_a_blog_that_is_not_there_says_so(node: RunningNode, path: str, blog: str, message: str):
    result = stoppress("tail", "--url", node.url + path, blog)
    assert result.code == 1
    assert message in result.error


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.org", "http://[::1"])
def test_tail_of_no_server_says_so(url: str):
    result = stoppress("tail", "--url", url, "demo")
    assert result.code == 1
    assert f"{url} is not the address of a server" in result.error


# demo


async def introduction(demo: Running) -> tuple[str, str, str]:
    """The reader page, the API page and the command that a demonstration prints."""
    page = (await demo.line("Reader page")).split()[-1]
    docs = (await demo.line("Editors' API")).split()[-1]
    await demo.line("Post an entry", "watch it appear")
    first = await demo.line("curl")
    last = await demo.line("-d ")
    begin = demo.lines.index(first)
    return page, docs, "\n".join(demo.lines[begin : demo.lines.index(last) + 1])


async def shell(line: str) -> str:
    process = await asyncio.create_subprocess_shell(
        line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "no_proxy": "*"}
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_the_demonstration_works_as_it_says_twice_on_the_same_store(store: str):
    for _ in range(2):
        async with (
            running("demo", "--port", "0", "--store", store) as demo,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            page, docs, curl = await introduction(demo)
            await demo.line("create: Good morning")
            answer = await shell(curl)
            assert '"html":"<p>My <strong>first</strong> entry.</p>"' in answer
            entries = (await client.get(f"{page}/changes")).json()["entries"]
            assert {"Hello", "Good morning"} <= {entry.get("title") for entry in entries}
            assert sum(entry.get("title") == "Good morning" for entry in entries) == 1
            assert "My <strong>first</strong> entry." in (await client.get(page)).text
            assert (await client.get(docs)).status_code == 200
            assert await demo.stop() == 0
        assert "Traceback" not in "\n".join(demo.lines)


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
