"""The editor on whose behalf messages through Redis are carried out."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, NamedTuple

import msgspec

from stoppress.access.identity import Identity
from stoppress.errors import StoppressError
from stoppress.inbox.messages import InboxMessage, WaitingMessage
from stoppress.model import StoredEntry
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.commits import Origin, Request, Written
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import EVERY_VERSION, JSON, decode_form, once_of
from stoppress.web.problems import Problem

_METHODS = {"publish": "POST", "edit": "PATCH", "retract": "DELETE", "create_blog": "PUT", "edit_blog": "PATCH"}
"""The method of the request that does the same as an action."""

log = logging.getLogger("stoppress.inbox")


class Reply(NamedTuple):
    """The answer to a message. It has no body of an entry, because a retraction could not erase that there."""

    status: int
    document: dict[str, Any]

    @classmethod
    def to_write(cls, message: InboxMessage, written: Written) -> Reply:
        """Return the answer to a message that was carried out."""
        content, is_new = written.content, message.action in ("publish", "create_blog")
        status = 201 if is_new else 200 if content else 204
        document: dict[str, Any] = {"status": status, "blog": message.blog}
        if isinstance(content, StoredEntry):
            document |= {"entry": content.id, "warnings": content.warnings}
        done = {"version": written.version, "cursor": str(written.cursor), "replayed": written.replayed}
        return cls(status, document | done)

    @classmethod
    def to_error(cls, error: Exception) -> Reply:
        """Return the answer to a message that failed: problem details."""
        problem = Problem.of(error)
        document = {name: value for name, value in problem.document().items() if name not in ("entry", "header")}
        if "etag" in problem.headers:
            document["version"] = int(problem.headers["etag"].strip('"'))
        return cls(problem.status, document)

    def json(self, message_id: str | None) -> bytes:
        """Return the answer in JSON, with the id of its message."""
        return msgspec.json.encode({"id": message_id, **self.document})


class InboxEditor:
    """Carries out messages with the checks and limits of the editors' API.

    Args:
        name: as the name of an API key: the scope of ids, and of the limit of writes.
    """

    def __init__(
        self, name: str, blogs: Blogs, entries: Entries, limit: WriteLimit, counts: Counts, tracing: Tracing
    ) -> None:
        self._name = name
        self._who = Identity("key", name, "settings_editor")
        self._blogs = blogs
        self._entries = entries
        self._limit = limit
        self._counts = counts
        self._tracing = tracing

    async def wait_for_limit(self) -> None:
        """Wait until the limit of writes allows one more, and count it."""
        while seconds := self._limit.spend(self._who.id):  # noqa: ASYNC110, only time changes the answer
            await asyncio.sleep(seconds)

    async def reply_to(self, waiting: WaitingMessage) -> Reply:
        """Carry out a message, and return its answer. No error of a message leaves this."""
        began, seen = time.monotonic(), {"way": waiting.way, "action": "none", "blog": "none"}
        outcome = "done"
        try:
            message = waiting.read()
            seen |= {"action": message.action, "blog": message.blog}
            with self._tracing.span("stoppress.write", method=_METHODS[message.action]):
                written = await self._carry_out(message)
            outcome = "repeated" if written.replayed else "done"
            reply = Reply.to_write(message, written)
        except Exception as error:
            reply = Reply.to_error(error)
            outcome = "failed" if reply.status >= 500 else "rejected"
            if not isinstance(error, StoppressError):
                log.exception("inbox_message_failed", extra=seen)
        self._counts.inbox[waiting.way, outcome] += 1
        seconds = round(time.monotonic() - began, 6)
        log.info("inbox_message", extra={**seen, "status": reply.status, "seconds": seconds, "key": self._name})
        return reply

    async def _carry_out(self, message: InboxMessage) -> Written:
        blog, entry, request = message.blog, message.entry, self._request(message)
        match message.action:
            case "edit" if entry:
                return await self._entries.patch(blog, entry, _form(message, EntryForm), request)
            case "retract" if entry:
                return await self._entries.retract(blog, entry, _form(message, RetractionForm).note, request)
            case "create_blog":
                return await self._blogs.put(blog, _form(message, HeaderForm), request)
            case "edit_blog":
                return await self._blogs.patch(blog, _form(message, HeaderForm), request)
        return await self._entries.create(blog, _form(message, EntryForm), request)

    def _request(self, message: InboxMessage) -> Request:
        """Return the conditions of a message. Its identity is that of the same request over HTTP."""
        path = f"/api/blogs/{message.blog}"
        if message.action in ("publish", "edit", "retract"):
            path += f"/entries/{message.entry}" if message.entry else "/entries"
        once = once_of(f"{self._who.id}:{message.id}", _METHODS[message.action], path, JSON[0], bytes(message.body))
        if_match = None if message.version is None else frozenset({message.version})
        if_none_match = EVERY_VERSION if message.action == "create_blog" else ()
        return Request(if_match, once, if_none_match, self._who, Origin("redis", message.reason))


def _form(message: InboxMessage, form: type[Any]) -> Any:
    return decode_form(bytes(message.body), JSON[0], form)
