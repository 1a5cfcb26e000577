"""The commands for admins: who may do what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from stoppress.cli_options import key_option, server_option

if TYPE_CHECKING:
    from stoppress.tools.keys import KeyDesk
    from stoppress.tools.people import PeopleDesk


def _desk(url: str, api_key: str) -> KeyDesk:
    from stoppress.tools.keys import KeyDesk  # imports httpx, which takes longer than the help of a command may

    return KeyDesk(url, api_key)


@click.group("keys")
def keys() -> None:
    """Make, list and revoke API keys, with the key of an admin."""


_admin = key_option("An admin's key.")

_ROLE = click.Choice(["reader", "contributor", "editor", "admin"])


@keys.command("add")
@server_option
@_admin
@click.option(
    "--role",
    type=_ROLE,
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


# People


def _people_desk(url: str, api_key: str) -> PeopleDesk:
    from stoppress.tools.people import PeopleDesk

    return PeopleDesk(url, api_key)


@click.group("people")
def people() -> None:
    """Add, change, list and remove people who sign in, with the key of an admin."""


_role_option = click.option("--role", type=_ROLE, help="What the person may do.")
_blogs_option = click.option(
    "--blog", "blogs", multiple=True, help="A blog, or a pattern such as 'sport-*'. Repeat it for several."
)
_display_name_option = click.option("--display-name", help="The name that colleagues see.")


@people.command("add")
@server_option
@_admin
@_role_option
@_blogs_option
@_display_name_option
@click.option("--password", "has_password", is_flag=True, help="Ask for a password, or read it from standard input.")
@click.argument("name")
def _add_person(url: str, api_key: str, name: str, *, has_password: bool, **fields: Any) -> None:
    """Add the person NAME, who signs in with this name.

    Without --role, it is an editor. Without --blog, it is for all blogs.
    """
    password = {"password": _password()} if has_password else {}
    click.echo(_people_desk(url, api_key).add(name, {"role": "editor"} | _given(fields) | password))


@people.command("change")
@server_option
@_admin
@_role_option
@_blogs_option
@_display_name_option
@click.option("--disable/--enable", "disabled", default=None, help="Let the person sign in no more, or again.")
@click.argument("name")
def _change_person(url: str, api_key: str, name: str, **fields: Any) -> None:
    """Change the person NAME. All nodes know it within 5 seconds. What you do not give stays as it is."""
    click.echo(_people_desk(url, api_key).change(name, _given(fields)))


@people.command("list")
@server_option
@_admin
def _list_people(url: str, api_key: str) -> None:
    """List people: name, role, blogs, whether they have a password or are disabled, and who added them."""
    click.echo(_people_desk(url, api_key).list_all())


@people.command("password")
@server_option
@_admin
@click.argument("name")
def _set_password(url: str, api_key: str, name: str) -> None:
    """Give the person NAME a new password. Ask for it, or read it from standard input. All sessions of NAME end."""
    click.echo(_people_desk(url, api_key).set_password(name, _password()))


@people.command("remove")
@server_option
@_admin
@click.argument("name")
def _remove_person(url: str, api_key: str, name: str) -> None:
    """Remove the person NAME. All nodes refuse its sessions within 5 seconds."""
    click.echo(_people_desk(url, api_key).remove(name))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    return {name: value for name, value in listed.items() if value not in (None, [])}


def _password() -> str:
    """Return a password from the terminal, or the first line of standard input: other users could see an argument."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
