"""The keys, channels and scripts of the inbox in Redis.

    stoppress:{-inbox}:messages          stream: messages without an answer, as fields; those of the channel as JSON in
                                         the one field `channel`
    stoppress:{-inbox}:answers           stream: the newest answers; `id` is that of the message, `answer` is JSON
    stoppress:{-inbox}:reader            the node that reads the stream of messages
    stoppress:{-inbox}:heard:DIGEST      a message of the channel that has just been put into the stream
    stoppress:DATABASE:{-inbox}          channel: messages in JSON
    stoppress:DATABASE:{-inbox}:answers  channel: answers in JSON

All keys have one hash tag, so that scripts may use them together on a Redis Cluster. No blog can have its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from stoppress.store.redis.format import key
from stoppress.store.redis.server import RedisServer

INBOX = "-inbox"

MESSAGES, ANSWERS, READER = (key(INBOX, part) for part in ("messages", "answers", "reader"))


def heard(message: bytes) -> str:
    """Return the key that shows that a node has heard a message on the channel."""
    return key(INBOX, f"heard:{hashlib.sha256(message).hexdigest()}")


def script(server: RedisServer, name: str) -> Callable[..., Awaitable[Any]]:
    """Return a script of this folder as a function."""
    return server.client.register_script(files("stoppress.inbox").joinpath(name).read_text())
