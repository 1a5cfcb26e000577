"""`stoppress post`: an entry from the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from socketserver import BaseRequestHandler, TCPServer

import httpx
import pytest

from tests.support.command import invoke
from tests.support.node import RunningNode


def post(node: RunningNode, *arguments: str | bytes, stdin: bytes = b"", key: str | None = None):
    return invoke("post", "--url", node.url, *arguments, stdin=stdin, environ={"STOPPRESS_API_KEY": key or node.key})


def read(node: RunningNode, address: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {node.key}"}
    found: dict[str, object] = httpx.get(node.url + address, headers=headers, trust_env=False).json()
    return found


def test_post_publishes_what_it_is_given(node: RunningNode):
    result = post(node, "demo", "Talks *begin*.")
    status, address = result.out.split()
    assert (result.code, status) == (0, "published")
    assert read(node, address)["html"] == "<p>Talks <em>begin</em>.</p>"
    for arguments in (["demo"], ["demo", "-"]):
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
        (["demo"], "the text is not valid UTF-8; save it as UTF-8 and try again"),
    ],
)
def test_post_says_why_it_was_refused(node: RunningNode, arguments: list[str | bytes], message: str):
    result = post(node, *arguments, stdin=b"\xff\xfe\x00")
    assert result.code == 1
    assert message in result.error


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("wrong-secret", "(401): The API key is missing or wrong"),
        ("a\nb", "the API key contains characters that cannot be sent; copy it again"),
    ],
)
def test_post_with_a_wrong_or_impossible_key_says_so_and_does_not_print_it(node: RunningNode, key: str, message: str):
    result = post(node, "demo", "x", key=key)
    assert result.code == 1
    assert message in result.error and key not in result.error


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1", "ftp://example.org", "http://a..b"])
def test_post_to_no_server_says_so(url: str):
    result = invoke("post", "--url", url, "--api-key", "k", "demo", "x")
    assert result.code == 1
    assert f"cannot reach {url}" in result.error


@pytest.fixture(params=[200, 302, 404, 500])
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that is none of ours."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(f"HTTP/1.1 {request.param} X\r\nContent-Length: 6\r\n\r\n<html>".encode())

    with TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_post_to_another_server_says_so(other_server: str):
    result = invoke("post", "--url", other_server, "--api-key", "k", "demo", "x")
    assert result.code == 1
    assert f"{other_server}/api/blogs/demo/entries is not a Stoppress server; it answered with" in result.error


def test_post_without_a_key_says_where_it_comes_from():
    result = invoke("post", "demo", "x")
    assert result.code == 2
    assert "STOPPRESS_API_KEY" in result.err
