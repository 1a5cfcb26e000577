"""`stoppress demo`: serve a node, replay a timeline on it, and print the progress."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import socket
import sys
from secrets import token_urlsafe

import click
import httpx

from stoppress.access.identity import NODE
from stoppress.access.people.person import PersonForm
from stoppress.errors import BlogNotFound, StartError, StoppressError
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.sockets import listen
from stoppress.settings import Settings
from stoppress.telemetry.logs import set_up
from stoppress.tools.demo.replay import Replay, Timeline

_PERSON = "demo"
"""The person who can sign in at the desk while the demonstration runs. Each run gives it another password."""


async def run(settings: Settings) -> None:
    """Serve a node and replay the demonstration blog on it. Raise `StartError` if it cannot start."""
    # Log lines for each write of the replay would hide the output of the demonstration
    set_up(settings.log_format, "error" if settings.log_level == "error" else "warning")
    if settings.workers > 1:
        raise StartError("the demonstration runs in one process; start it without --workers")
    secret = token_urlsafe(18)
    listening = listen(settings.host, settings.port)
    await _Demonstration(Node(settings, keys=f"demo:editor:{secret}"), listening, secret).run()


class _Demonstration(Life):
    """The life of a node that replays one day of October 2020; `secret` is an editor's key."""

    def __init__(self, node: Node, listening: socket.socket, secret: str) -> None:
        super().__init__(node, listening)
        self._secret = secret

    async def ready(self) -> None:
        timeline = Timeline.karabakh()
        with contextlib.suppress(BlogNotFound):
            await self.node.blogs.delete(timeline.blog)  # of an earlier replay
        password = token_urlsafe(12)
        await self.node.people.people.put(_PERSON, PersonForm(role="admin", password=password), NODE, lambda _: None)
        _introduce(self.address, timeline.blog, self._secret, password)
        headers = {"authorization": f"Bearer {self._secret}"}
        try:
            async with httpx.AsyncClient(base_url=self.address, headers=headers, timeout=30, trust_env=False) as client:
                await Replay(timeline, client, _progress).run()
        except (StoppressError, httpx.HTTPError) as error:
            click.secho(f"The replay stopped: {error}", fg="red", err=True)
        else:
            click.echo("The replay is over. The blog stays live, so you can post to it. Ctrl-C stops the server.")

    async def stopping(self) -> None:
        with contextlib.suppress(StoppressError):  # nobody knows the password of the person, so it may also stay
            await self.node.people.people.remove(_PERSON, NODE)
        await super().stopping()


def _introduce(url: str, blog: str, secret: str, password: str) -> None:
    command = " \\\n    ".join(
        [
            f"curl -X POST {url}/api/blogs/{blog}/entries",
            f"-H {shlex.quote(f'Authorization: Bearer {secret}')}",
            "-H 'Content-Type: application/json'",
            """-d '{"title": "Hello", "markdown": "My **first** entry."}'""",
        ]
    )
    # Browsers keep the cookie of a session without HTTPS only for this host
    desk = f"http://localhost:{url.rpartition(':')[2]}/desk"
    for name, value in (
        ("Reader page", f"{url}/blogs/{blog}"),
        ("Desk", f"{desk} - sign in as {_PERSON} with the password {password}"),
        ("Editors' API", f"{url}/api/docs"),
    ):
        click.echo(f"{click.style(name.ljust(14), bold=True)}{value}")
    click.echo(f"{click.style('Post an entry', bold=True)} from another terminal and watch it appear:\n\n  {command}\n")
    click.echo("The page now replays one day of October 2020:\n")


def _progress(number: int, total: int, line: str) -> None:
    done = round(20 * number / total)
    width = shutil.get_terminal_size().columns
    click.echo(f"  [{'#' * done}{'.' * (20 - done)}] {number:2}/{total}  {line.splitlines()[0]}"[: max(40, width - 1)])
    sys.stdout.flush()
