"""`stoppress demo`: serve a node, replay a timeline on it, and print the progress."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import socket
import sys
from secrets import token_urlsafe
from typing import NamedTuple

import click
import httpx

from stoppress.errors import BlogNotFound, StartError, StoppressError
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.sockets import listen
from stoppress.settings import Settings
from stoppress.telemetry.logs import set_up
from stoppress.tools.demo.replay import Replay, Timeline


async def run(settings: Settings) -> None:
    """Serve a node and replay the demonstration blog on it. Raise `StartError` if it cannot start."""
    # Log lines for each write of the replay would hide the output of the demonstration
    set_up(settings.log_format, "error" if settings.log_level == "error" else "warning")
    if settings.workers > 1:
        raise StartError("the demonstration runs in one process; start it without --workers")
    secrets = _Secrets(token_urlsafe(18), token_urlsafe(18), token_urlsafe(9))
    listening = listen(settings.host, settings.port)
    node = Node(settings, keys=f"demo:editor:{secrets.editor} demo-admin:admin:{secrets.admin}")
    await _Demonstration(node, listening, secrets).run()


class _Secrets(NamedTuple):
    """Keys of an editor and an admin, and the password of the person `demo`."""

    editor: str
    admin: str
    password: str


class _Demonstration(Life):
    """The life of a node that replays one day of October 2020."""

    def __init__(self, node: Node, listening: socket.socket, secrets: _Secrets) -> None:
        super().__init__(node, listening)
        self._secrets = secrets

    async def ready(self) -> None:
        timeline = Timeline.karabakh()
        with contextlib.suppress(BlogNotFound):
            await self.node.blogs.delete(timeline.blog)  # of an earlier replay
        headers = {"authorization": f"Bearer {self._secrets.editor}"}
        try:
            async with httpx.AsyncClient(base_url=self.address, headers=headers, timeout=30, trust_env=False) as client:
                await self._add_person(client)
                _introduce(self.address, timeline.blog, self._secrets)
                await Replay(timeline, client, _progress).run()
        except (StoppressError, httpx.HTTPError) as error:
            click.secho(f"The replay stopped: {error}", fg="red", err=True)
        else:
            click.echo("The replay is over. The blog stays live, so you can post to it. Ctrl-C stops the server.")


    async def _add_person(self, client: httpx.AsyncClient) -> None:
        """Add the person who may sign in at the desk. A person of an earlier replay gets a new password."""
        person = {"role": "admin", "display_name": "Demo", "password": self._secrets.password}
        headers = {"authorization": f"Bearer {self._secrets.admin}"}
        (await client.put("/api/people/demo", json=person, headers=headers)).raise_for_status()


def _introduce(url: str, blog: str, secrets: _Secrets) -> None:
    command = " \\\n    ".join(
        [
            f"curl -X POST {url}/api/blogs/{blog}/entries",
            f"-H {shlex.quote(f'Authorization: Bearer {secrets.editor}')}",
            "-H 'Content-Type: application/json'",
            """-d '{"title": "Hello", "markdown": "My **first** entry."}'""",
        ]
    )
    shown = {
        "Reader page": f"{url}/blogs/{blog}",
        "Desk": f"{url}/desk   (name: demo, password: {secrets.password})",
        "Editors' API": f"{url}/api/docs",
    }
    for name, value in shown.items():
        click.echo(f"{click.style(name.ljust(14), bold=True)}{value}")
    click.echo(f"{click.style('Post an entry', bold=True)} from another terminal and watch it appear:\n\n  {command}\n")
    click.echo("The page now replays one day of October 2020:\n")


def _progress(number: int, total: int, line: str) -> None:
    done = round(20 * number / total)
    width = shutil.get_terminal_size().columns
    click.echo(f"  [{'#' * done}{'.' * (20 - done)}] {number:2}/{total}  {line.splitlines()[0]}"[: max(40, width - 1)])
    sys.stdout.flush()
