"""The requests of Slack's Events API, as far as they concern messages.

Only what is used is decoded; everything else may change.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

_Short = Annotated[str, Meta(max_length=500)]


class Profile(Struct):
    """What Slack says of a user with a message."""

    display_name: _Short = ""
    real_name: _Short = ""


class SlackMessage(Struct):
    """A message as it is now."""

    ts: _Short = ""
    text: str = ""
    user: _Short = ""
    username: _Short = ""
    user_profile: Profile | None = None
    subtype: _Short = ""
    bot_id: _Short = ""
    thread_ts: _Short = ""


class SlackEvent(SlackMessage):
    """An event; one of the subtype `message_changed` has the message in `message`."""

    type: _Short = ""
    channel: _Short = ""
    message: SlackMessage | None = None
    previous_message: SlackMessage | None = None
    deleted_ts: _Short = ""


class SlackRequest(Struct):
    """The body of a request."""

    type: _Short = ""
    challenge: _Short = ""
    team_id: _Short = ""
    event_id: _Short = ""
    event: SlackEvent | None = None


_WRITTEN = frozenset(("", "file_share", "me_message", "thread_broadcast"))
"""Subtypes of messages that people write."""


def decode(body: bytes) -> SlackRequest:
    """Return a request. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(body, type=SlackRequest)


def is_written(message: SlackMessage) -> bool:
    """Return whether a person has written a message to the whole channel: not a bot, and not an answer in a thread."""
    is_answer = message.thread_ts not in ("", message.ts) and message.subtype != "thread_broadcast"
    return message.subtype in _WRITTEN and not message.bot_id and not is_answer and bool(message.user)
