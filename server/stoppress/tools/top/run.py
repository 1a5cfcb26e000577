"""Read the metrics of a node and print them, again and again."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import httpx

from stoppress.errors import StartError, StoppressError
from stoppress.tools.top.reading import Between, Reading
from stoppress.tools.top.screen import screen

_HOME_AND_CLEAR = "\x1b[H\x1b[J"


def run(url: str, token_file: str | None, every: float) -> None:
    """Show a node until Ctrl-C. If the output is not a terminal, print it once as plain text.

    Args:
        url: the address of the node.
        token_file: the file with the token for its `/metrics`.
        every: seconds between two readings.

    Raises:
        StoppressError: the node rejects the request, or cannot be reached at the start.
    """
    url = url.rstrip("/")
    headers = _headers(token_file)
    before = _read(url, headers)
    text = screen(url, Between(None, before))
    while sys.stdout.isatty():
        click.echo(_HOME_AND_CLEAR + text)
        time.sleep(every)
        try:
            now = _read(url, headers)
        except StoppressError as error:
            text = click.style(str(error), fg="red")  # the node may come back
        else:
            text = screen(url, Between(before, now))
            before = now
    click.echo(text)


def _headers(token_file: str | None) -> dict[bytes, bytes]:
    if not token_file:
        return {}
    try:
        return {b"authorization": b"Bearer " + Path(token_file).read_bytes().strip()}
    except OSError as error:
        raise StartError(f"cannot read the token file {token_file}: {error.strerror}; check --token-file") from None


def _read(url: str, headers: dict[bytes, bytes]) -> Reading:
    try:
        answer = httpx.get(f"{url}/metrics", headers=headers, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise StoppressError(f"cannot reach {url}: {error}; check --url and that the node is running") from None
    if answer.status_code in (401, 403):
        advice = "run this on the node's own machine, or pass its token with --token-file"
        raise StoppressError(f"{url}/metrics rejects the request ({answer.status_code}); {advice}")
    if answer.status_code != 200:
        raise StoppressError(f"{url}/metrics answers with {answer.status_code}; give the address of a node with --url")
    return Reading(answer.text, time.monotonic())
