"""The commands for admins: who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stoppress.cli_options import key_option, server_option

if TYPE_CHECKING:
    from stoppress.tools.keys import KeyDesk


def _desk(url: str, api_key: str) -> KeyDesk:
    from stoppress.tools.keys import KeyDesk  # imports httpx, which takes longer than the help of a command may

    return KeyDesk(url, api_key)


@click.group("keys")
def keys() -> None:
    """Make, list and revoke API keys, with the key of an admin."""


_admin = key_option("An admin's key.")


@keys.command("add")
@server_option
@_admin
@click.option(
    "--role",
    type=click.Choice(["reader", "contributor", "editor", "admin"]),
    default="editor",
    show_default=True,
    help="What the key may do.",
)
@click.option("--blog", "blogs", multiple=True, help="A blog, or a pattern such as 'sport-*'. Repeat it for several.")
@click.option("--until", metavar="WHEN", help="When the key ends: 12h, 30d, or a time such as 2027-01-31T18:00+01:00.")
@click.argument("name")
def _add(url: str, api_key: str, name: str, role: str, blogs: tuple[str, ...], until: str | None) -> None:
    """Make the API key NAME and print its secret, which nobody can read again.

    Without --blog, the key is for all blogs. Without --until, it does not end.
    """
    secret, note = _desk(url, api_key).add(name, role, blogs, until)
    click.echo(note, err=True)
    click.echo(secret)


@keys.command("list")
@server_option
@_admin
def _list(url: str, api_key: str) -> None:
    """List the API keys: name, role, blogs, end, last use and maker. Times are in UTC."""
    click.echo(_desk(url, api_key).list_all())


@keys.command("revoke")
@server_option
@_admin
@click.argument("name")
def _revoke(url: str, api_key: str, name: str) -> None:
    """Revoke the API key NAME. All nodes refuse it within 5 seconds."""
    click.echo(_desk(url, api_key).revoke(name))
