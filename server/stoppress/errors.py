"""Every exception that Stoppress raises on purpose, in one tree.

Messages are full sentences: what happened, with which value, and what to do. `web/problems.py` sends them as `detail`.
Only a `StartError` begins in lower case and has no full stop, because it is printed behind "stoppress: ".

StoppressError
|-- StartError                 the node cannot start; the command line prints it and exits with 2
|-- BadInput                   the request is wrong; the message names the field and says what to do
|   |-- ImageRejected          the uploaded file is not an image that the server takes
|   |-- UploadTooLarge         the uploaded file has too many bytes
|   `-- BadQuery               the fault is in the query of the address
|       `-- MalformedCursor
|-- TokenNeeded                a private blog: there is no valid token or key; a new one may help
|   `-- WrongToken             no maker of tokens has signed this; somebody may be guessing
|-- Forbidden                  the sender is known but its role or its blogs do not allow this
|   `-- SignInRefused          somebody may not sign in with the OpenID provider
|-- NotFound                   what is at this address does not exist
|   |-- BlogNotFound
|   |-- EntryNotFound
|   |-- KeyNotFound
|   |-- PersonNotFound
|   |-- WebhookNotFound
|   `-- SessionNotFound
|-- Conflict                   the request contradicts the state of the blog
|   |-- VersionConflict        another writer was first (raised by stores, retried by the newsroom)
|   |-- PreconditionFailed     If-Match or If-None-Match does not allow the write; carries the current item
|   |-- KeyReused              an Idempotency-Key was sent again with another request
|   |-- NameTaken              another API key has this name
|   |-- TooManyKeys            there are as many API keys as there may be
|   |-- TooManyPeople          there are as many people as there may be
|   |-- WebhookExists          another webhook has this name
|   |-- TooManyWebhooks        there are as many webhooks as there may be
|   |-- TooManyDesks           an identity has as many open desks as it may have
|   `-- PersonInUse            others change a person at the same time
|-- NotNow                     the request can be repeated in a moment
|   |-- TooManySignIns         the node is busy with the passwords of others
|   |-- ProviderUnavailable    the OpenID provider does not answer as it should
|   |-- TooManyUploads         the node is busy with the images of others
|   `-- MediaUnavailable       the storage of images does not answer as it should
|-- NoMediaStorage             the node has no storage for images
`-- StoreUnavailable           the store cannot answer now; nothing was written, or it is unknown whether it was
    |-- BlogMissing            the store has lost data and does not have this blog; a node may put it back
    |-- BlogDamaged            the store has lost a part of this blog, or has something that cannot be read
    |   `-- WrongKeyType       a key in Redis has another type; no node can repair that
    `-- StoreDamaged           the store no longer has exactly what was written to it
"""

from __future__ import annotations

from typing import Any


class StoppressError(Exception): ...


class StartError(StoppressError): ...


class BadInput(StoppressError):
    """The request is wrong; `field` names the field or parameter at fault, if there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ImageRejected(BadInput):
    """The body of an upload is not an image that the server takes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "body")


class UploadTooLarge(BadInput):
    def __init__(self, limit: int) -> None:
        super().__init__(f"The image is larger than {limit} bytes. Make it smaller, or save it as a JPEG.", "body")


class BadQuery(BadInput):
    """A parameter in the query of the address is unknown or has a wrong value."""


class MalformedCursor(BadQuery):
    """The text does not have the form of a cursor. (A well-formed but unknown cursor is answered by a reset.)"""

    def __init__(self, text: str, field: str = "since") -> None:
        super().__init__(
            f"{text[:64]!r} is not a cursor. Send a `cursor` that the server gave you, or leave `{field}` out.", field
        )


class TokenNeeded(StoppressError):
    """The blog is private and the request has no valid token. `reason` is a word for `WWW-Authenticate` (RFC 6750)."""

    def __init__(self, message: str, reason: str = "invalid_token") -> None:
        super().__init__(message)
        self.reason = reason


class WrongToken(TokenNeeded): ...


class Forbidden(StoppressError): ...


class SignInRefused(Forbidden): ...


class NotFound(StoppressError): ...


class BlogNotFound(NotFound):
    def __init__(self, blog: str) -> None:
        super().__init__(f"Blog {blog[:100]!r} does not exist. An editor can create it with PUT /api/blogs/NAME.")


class EntryNotFound(NotFound):
    def __init__(self, blog: str, entry: str) -> None:
        super().__init__(f"Blog {blog[:100]!r} has no entry {entry[:64]!r}.")


class KeyNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no API key {name[:64]!r}. Those in STOPPRESS_KEYS can only be changed there.")


class PersonNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no person {name[:64]!r}. GET /api/people lists all.")


class WebhookNotFound(NotFound):
    def __init__(self, name: str, event: str = "") -> None:
        what = f"Webhook {name[:64]!r} has no event {event[:64]!r}" if event else f"There is no webhook {name[:64]!r}"
        where = f"/api/webhooks/{name[:64]}/dead" if event else "/api/webhooks"
        super().__init__(f"{what}. GET {where} lists all.")


class SessionNotFound(NotFound):
    def __init__(self, session: str) -> None:
        super().__init__(f"There is no session {session[:64]!r}. It may have ended. GET /api/sessions lists all.")


class Conflict(StoppressError): ...


class VersionConflict(Conflict):
    def __init__(self, item: str, expected: int) -> None:
        super().__init__(f"Item {item!r} is no longer at version {expected}.")
        self.item = item


class PreconditionFailed(Conflict):
    """`If-Match` or `If-None-Match` forbids the write; `current` is the item as it is now, ready to be encoded."""

    def __init__(self, message: str, current: Any, version: int) -> None:
        super().__init__(message)
        self.current = current
        self.version = version


class KeyReused(Conflict):
    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request in the last 24 hours. Use a new one.")


class DraftTakenOver(Conflict):
    """Another tab has taken over the draft that a write comes from. `epoch` is its newest one, None without any."""

    def __init__(self, draft: str, epoch: int | None) -> None:
        reason = "Another tab or device has taken over this draft"
        if epoch is None:
            reason = "This draft was not taken over in the last 7 days"
        super().__init__(
            f"{reason}, so nothing was written. To go on here, send PUT /api/session/drafts/{draft} and then the write "
            "with the new epoch."
        )
        self.draft = draft
        self.epoch = epoch


class NameTaken(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"An API key named {name!r} exists. Revoke it first, or choose another name.")


class TooManyKeys(Conflict):
    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} API keys, which is the limit. Revoke some that are not used any more.")


class TooManyPeople(Conflict):
    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} people, which is the limit. Remove some who no longer work here.")


class WebhookExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"A webhook named {name!r} exists. Remove it first, or choose another name.")


class TooManyWebhooks(Conflict):
    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} webhooks, which is the limit. Remove some that are not used any more.")


class TooManyDesks(Conflict):
    def __init__(self, limit: int) -> None:
        super().__init__(f"You have {limit} open desks on this server, which is the limit. Close some of the tabs.")


class PersonInUse(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"Others are changing person {name[:64]!r}. Send the request again.")


class NotNow(StoppressError): ...


class TooManySignIns(NotNow):
    def __init__(self) -> None:
        super().__init__("Too many people are signing in at this moment. Try again in a second.")


class ProviderUnavailable(NotNow):
    def __init__(self) -> None:
        super().__init__("The OpenID provider does not answer as it should; see the server log. Try again shortly.")


class TooManyUploads(NotNow):
    def __init__(self) -> None:
        super().__init__("The node is busy with other images. Send this one again in a few seconds.")


class MediaUnavailable(NotNow):
    def __init__(self) -> None:
        super().__init__("The storage of images does not answer as it should; see the server log. Try again shortly.")


class NoMediaStorage(StoppressError):
    def __init__(self) -> None:
        super().__init__("This server has no storage for images. Its operator can name one with STOPPRESS_MEDIA.")


class StoreUnavailable(StoppressError): ...


class BlogMissing(StoreUnavailable):
    def __init__(self, blog: str) -> None:
        super().__init__(f"The store has lost blog {blog!r}, and a node may be putting it back. Try again shortly.")


class BlogDamaged(StoreUnavailable):
    def __init__(self, subject: str, damage: str) -> None:
        super().__init__(f"{subject} is damaged in the store: {damage}. It is repaired if any node has it. Try again.")


class WrongKeyType(BlogDamaged): ...


class StoreDamaged(StoreUnavailable): ...
