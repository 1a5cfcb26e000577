"""A webhook as admins make and see it, and as the store keeps it."""

from __future__ import annotations

import logging
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.keys import BLOGS_PATTERN, NAME_PATTERN
from stoppress.model import Url

EventKind = Literal[
    "blog.created", "blog.changed", "blog.deleted", "entry.published", "entry.changed", "entry.retracted"
]

EVENT_KINDS: tuple[EventKind, ...] = (
    *("blog.created", "blog.changed", "blog.deleted"),
    *("entry.published", "entry.changed", "entry.retracted"),
)

HOOK = "webhook"
"""The kind of the records."""

log = logging.getLogger("stoppress.webhooks")


class WebhookForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new webhook, in the body of POST."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    url: Url
    """Where events are sent."""
    blogs: Annotated[list[Annotated[str, Meta(pattern=BLOGS_PATTERN)]], Meta(min_length=1, max_length=100)] = (
        msgspec.field(default_factory=lambda: list(EVERY_BLOG))
    )
    events: Annotated[list[EventKind], Meta(min_length=1, max_length=20)] = msgspec.field(
        default_factory=lambda: list(EVENT_KINDS)
    )


class Webhook(Struct, kw_only=True):
    """A webhook, without its secret."""

    name: str
    url: str
    blogs: list[str]
    events: list[EventKind]
    created_at: str
    created_by: str

    def is_for(self, blog: str) -> bool:
        """Return whether it is told of the changes of a blog."""
        return Identity("node", self.name, "admin", tuple(self.blogs)).is_for(blog)


class NewWebhook(Webhook, kw_only=True):
    """A webhook with its secret, which only the answer to its creation has."""

    secret: str


class StoredWebhook(NewWebhook, kw_only=True):
    """A webhook as the store keeps it. It must have the secret, because it signs with it."""

    id: str
    """Random; so a webhook that is made anew with an old name has nothing of the old one."""

    def shown(self) -> Webhook:
        """Return the webhook without its secret."""
        return Webhook(**{name: getattr(self, name) for name in Webhook.__struct_fields__})

    @classmethod
    def read(cls, body: bytes) -> StoredWebhook | None:
        """Return the webhook in a record, or None if it cannot be read."""
        try:
            return msgspec.json.decode(body, type=StoredWebhook)
        except msgspec.DecodeError:
            log.warning("unreadable_webhook")
            return None


class Failing(Struct):
    """A blog whose events a receiver does not take now."""

    blog: str
    attempts: int
    again_at: str
    reason: str


class DeadEvent(Struct, kw_only=True):
    """An event that was given up. It has no text of the blog: what is sent again is made of the state at that time."""

    id: str
    """The `webhook-id` of the event."""
    blog: str
    item: str
    """The id of the entry, or `header`."""
    kind: EventKind
    attempts: int
    reason: str
    given_up_at: str


class WebhookState(Webhook, kw_only=True):
    """A webhook, and how it is doing."""

    failing: list[Failing]
    """At most 20."""
    dead: int
    """The number of events that were given up and are still listed."""
