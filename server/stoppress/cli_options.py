"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


def server_option(command: _F) -> _F:
    """Add the address of the server, as `url`."""
    return click.option(
        "--url",
        envvar="STOPPRESS_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        help="URL of the server.",
    )(command)


def key_option(whose: str) -> Callable[[_F], _F]:
    """Add the secret of an API key, as `api_key`. `whose` says for the help which key it is."""
    return click.option("--api-key", envvar="STOPPRESS_API_KEY", required=True, show_envvar=True, help=whose)
