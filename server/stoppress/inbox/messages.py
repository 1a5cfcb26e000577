"""A message to the inbox: one write of the editors' API, with its path, headers and body as fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from stoppress.errors import BadInput
from stoppress.web.editors.origin import MAX_REASON_CHARACTERS
from stoppress.web.editors.writes import IDEMPOTENCY_KEY, MAX_BODY_BYTES, too_large
from stoppress.web.problems import HTTPError
from stoppress.web.validation import bad_input

Action: TypeAlias = Literal["publish", "edit", "retract", "create_blog", "edit_blog"]

_MAX_ENVELOPE_BYTES = 4 * 1024
"""Limit of a message without its body."""

MAX_MESSAGE_BYTES = MAX_BODY_BYTES + _MAX_ENVELOPE_BYTES

_MAX_SHOWN_ID_CHARACTERS = 255

_WHOLE = "The message"


class InboxMessage(Struct, forbid_unknown_fields=True):
    """A message that is well-formed; the use cases check its body."""

    blog: Annotated[str, Meta(min_length=1, max_length=100)]
    action: Action = "publish"
    entry: Annotated[str, Meta(min_length=1, max_length=36)] | None = None
    """The id of the entry to edit or retract."""
    version: Annotated[int, Meta(ge=1, le=10**15 - 1)] | None = None
    """The version that the write may replace, as `If-Match`."""
    id: str = ""
    """The Idempotency-Key."""
    reason: Annotated[str, Meta(max_length=MAX_REASON_CHARACTERS)] = ""
    """Why, for the audit."""
    body: Raw = Raw(b"{}")
    """The JSON that the request of the same action has as its body."""

    @classmethod
    def from_fields(cls, stream_id: str, fields: Mapping[bytes, bytes]) -> InboxMessage:
        """Return the message in the fields of a stream entry; its id is `stream_id` if it has none.

        Raises:
            HTTPError: 413, the message is too large.
            BadInput: a field is unknown or missing, or has a wrong value.
        """
        _check_size(sum(len(name) + len(value) for name, value in fields.items()), len(fields.get(b"body", b"")))
        texts: dict[str, Any] = {_text(name): _text(value) for name, value in fields.items() if name != b"body"}
        try:
            message = msgspec.convert(texts, cls, strict=False)  # not strict: a version comes as text
        except msgspec.ValidationError as error:
            raise bad_input(error, cls, lambda: texts, _WHOLE) from None
        message.id = message.id or stream_id
        message.body = Raw(fields.get(b"body") or b"{}")
        return message._checked()

    @classmethod
    def from_json(cls, data: bytes) -> InboxMessage:
        """Return the message in a JSON object.

        Raises:
            HTTPError: 400 if it is not valid JSON, 413 if it is too large.
            BadInput: a field is unknown or missing, or has a wrong value.
        """
        _check_size(len(data), min(len(data), MAX_BODY_BYTES))
        try:
            message = msgspec.json.decode(data, type=cls)
        except msgspec.ValidationError as error:
            raise bad_input(error, cls, lambda: msgspec.json.decode(data), _WHOLE) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPError(400, f"{_WHOLE} is not valid JSON: {error}.") from None
        _check_size(len(data), len(message.body))
        return message._checked()

    def _checked(self) -> InboxMessage:
        if not self.id:
            raise BadInput("`id` is missing. A message on the channel needs one, so that it is carried out once.", "id")
        if not re.fullmatch(IDEMPOTENCY_KEY, self.id):
            raise BadInput(f"`id` must have 1 to 255 printable ASCII characters; got {self.id[:80]!r}.", "id")
        needs_entry = self.action in ("edit", "retract")
        if needs_entry and self.entry is None:
            raise BadInput(f"The action {self.action} needs `entry`, the id of the entry.", "entry")
        if self.entry is not None and not needs_entry:
            raise BadInput(
                f"The action {self.action} takes no `entry`. Send the fields of an entry as `body`.", "entry"
            )
        return self


class WaitingMessage(NamedTuple):
    """A message in the stream; it may be malformed."""

    stream_id: bytes
    fields: Mapping[bytes, bytes]

    @property
    def way(self) -> str:
        """The way it came: `stream` or `channel`."""
        return "channel" if b"channel" in self.fields else "stream"

    @property
    def blog(self) -> object:
        """The value in the place of the blog's name, to tell messages of different blogs apart."""
        return self._named("blog")

    @property
    def id(self) -> str | None:
        """Its id, at most 255 characters; None if a message of the channel has none."""
        default = None if self.way == "channel" else self.stream_id.decode()
        return str(self._named("id") or "")[:_MAX_SHOWN_ID_CHARACTERS] or default

    def read(self) -> InboxMessage:
        """Return the well-formed message; raises what `InboxMessage.from_json` and `from_fields` do."""
        if self.way == "channel":
            return InboxMessage.from_json(self.fields[b"channel"])
        return InboxMessage.from_fields(self.stream_id.decode(), self.fields)

    def _named(self, name: str) -> object:
        if self.way == "stream":
            return _text(self.fields.get(name.encode(), b""))
        try:
            return getattr(msgspec.json.decode(self.fields[b"channel"], type=_Names), name)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class _Names(Struct):
    """The names in a message that may be malformed otherwise."""

    id: str | None = None
    blog: str | None = None


def _check_size(whole: int, body: int) -> None:
    if body > MAX_BODY_BYTES:
        raise too_large()
    if whole - body > _MAX_ENVELOPE_BYTES:
        raise HTTPError(413, f"The fields of the message other than `body` have more than {_MAX_ENVELOPE_BYTES} bytes.")


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
