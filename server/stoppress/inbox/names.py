"""The keys, channels and scripts of the inbox in Redis.

    stoppress:{-inbox}:messages          stream: messages that have no answer yet; field names are those of the message
    stoppress:{-inbox}:answers           stream: the newest answers; `id` is that of the message, `answer` is JSON
    stoppress:{-inbox}:answered:DIGEST   "final" or "not final": a message on the channel that has just got its answer
    stoppress:DATABASE:{-inbox}          channel: messages in JSON
    stoppress:DATABASE:{-inbox}:answers  channel: answers in JSON

All keys have one hash tag, so that scripts may use them together on a Redis Cluster. No blog can have its name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from stoppress.store.redis.format import key
from stoppress.store.redis.server import RedisServer

INBOX = "-inbox"

MESSAGES, ANSWERS = key(INBOX, "messages"), key(INBOX, "answers")


def answered(digest: str) -> str:
    """Return the key that shows that a message on the channel has an answer."""
    return key(INBOX, f"answered:{digest}")


def script(server: RedisServer, name: str) -> Callable[..., Awaitable[Any]]:
    """Return a script of this folder as a function."""
    return server.client.register_script(files("stoppress.inbox").joinpath(name).read_text())
