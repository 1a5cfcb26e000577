"""The configuration of the intake from Slack: one file in JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from stoppress.errors import StartError
from stoppress.model import BLOG_NAME

_VARIABLE = "STOPPRESS_SLACK_FILE"

_MAX_BYTES = 256 * 1024

_Id = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,32}$")]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class SlackConfig(Struct, kw_only=True, forbid_unknown_fields=True):
    """See docs/howto/slack.md."""

    signing_secret: Annotated[str, Meta(min_length=16, max_length=200)]
    channels: Annotated[dict[_Id, Annotated[str, Meta(pattern=BLOG_NAME)]], Meta(min_length=1, max_length=1_000)]
    """The blog of each channel, by the channel's id."""
    users: Annotated[dict[_Id, _Name], Meta(max_length=10_000)] = {}
    """Names of people, by their ids."""


def read_config(path: str) -> SlackConfig:
    """Return the configuration in a file. Raises `StartError`."""
    try:
        body = Path(path).read_bytes()
    except OSError as error:
        raise StartError(
            f"cannot read {_VARIABLE} {path}: {error.strerror}; create the file, or correct its path"
        ) from None
    if len(body) > _MAX_BYTES:
        raise StartError(f"{_VARIABLE} {path} has more than {_MAX_BYTES // 1024} KB; shorten it")
    try:
        return msgspec.json.decode(body, type=SlackConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{_VARIABLE} {path} is not as docs/howto/slack.md describes it: {error}") from None
