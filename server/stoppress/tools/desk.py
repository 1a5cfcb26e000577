"""The commands with which editors work on a blog from a terminal."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import click

from stoppress.errors import StoppressError
from stoppress.tools.api_client import ApiClient, quoted

_COLUMNS = 60
"""Columns for the beginning of an entry's text in a list."""

_MAX_PAGE = 500
"""Maximum number of acts that are asked for at once."""


class Desk:
    """An editor of one blog. All methods raise `StoppressError` with the server's reason if it rejects a request.

    Each returns a line for the terminal: what the entry or blog is now, and its address.

    Args:
        url: the server.
        key: the secret of an editor's key.
        blog: the blog's name; may be empty for `acts`.
    """

    def __init__(self, url: str, key: str, blog: str) -> None:
        self._send = ApiClient(url, key).send
        self._name = blog
        self._blog = f"/api/blogs/{quoted(blog)}"

    def post(self, entry: dict[str, Any], *, create: bool) -> str:
        """Publish an entry. With `create`, create the blog first if it does not exist."""
        if create:
            self._send("PUT", self._blog, {}, {"If-None-Match": "*"}, expected=412)  # it exists
        answer = self._send("POST", f"{self._blog}/entries", entry)
        return f"{answer.json()['status']} {answer.headers['location']}"

    def entries(self, status: str | None, limit: int) -> str:
        """Return the newest entries and drafts, a line for each that begins with its id."""
        query = f"?limit={limit}" + (f"&status={status}" if status else "")
        found = self._send("GET", f"{self._blog}/entries{query}").json()["entries"]
        return "\n".join(map(_line, found)) or "no entries"

    def edit(self, entry: str, fields: dict[str, Any]) -> str:
        """Change fields of an entry. Without any, take its text from standard input or, in a terminal, an editor."""
        if fields.get("markdown") == "-" or not (fields or _is_terminal()):
            fields = fields | {"markdown": read_text()}
            if not fields["markdown"].strip():
                raise StoppressError("standard input is empty; nothing was changed")
        return self._patch(entry, fields) if fields else self._edit_in_editor(entry)

    def publish(self, entry: str) -> str:
        """Publish a draft or a scheduled entry."""
        current = self._send("GET", self._address(entry))
        if current.json()["status"] == "published":
            raise StoppressError(f"entry {entry} is published already; to change it, use `stoppress edit`")
        return self._patch(entry, {"status": "published"}, {"If-Match": current.headers["etag"]})

    def pin(self, entry: str) -> str:
        """Pin an entry in place of any other."""
        return self._patch(entry, {"pinned": True})

    def change(self, **header: Any) -> str:
        """Change fields of the blog's header."""
        return f"{self._send('PATCH', self._blog, header).json()['status']} {self._blog}"

    def retract(self, entry: str, note: str | None) -> str:
        """Retract an entry, or remove a draft."""
        answer = self._send("DELETE", self._address(entry), {"note": note}, expected=204)
        return f"{'removed' if answer.status_code == 204 else 'retracted'} {self._address(entry)}"

    def acts(self, after: str | None, limit: int) -> Iterator[str]:
        """Yield acts of the audit as JSON: the newest first, or those after an act, the oldest first.

        Without the name of a blog, these are the acts that belong to no blog.
        """
        query = [f"{name}={quoted(value)}" for name, value in (("blog", self._name), ("after", after)) if value]
        address = f"/api/audit?{'&'.join([*query, f'limit={min(limit, _MAX_PAGE)}'])}"
        while address and limit > 0:
            page = self._send("GET", address).json()
            for act in page["acts"][:limit]:
                yield json.dumps(act, ensure_ascii=False)
            limit -= len(page["acts"])
            address = page.get("next")

    def _patch(self, entry: str, fields: dict[str, Any], conditions: Mapping[str, str] | None = None) -> str:
        answer = self._send("PATCH", self._address(entry), fields, conditions)
        return f"{answer.json()['status']} {self._address(entry)}"

    def _edit_in_editor(self, entry: str) -> str:
        current = self._send("GET", self._address(entry))
        source = "html" if "html" in current.json() and "markdown" not in current.json() else "markdown"
        before = current.json().get(source, "")
        text = click.edit(before, extension=".html" if source == "html" else ".md")
        if text is None or text.rstrip("\n") == before.rstrip("\n"):
            return f"unchanged {self._address(entry)}"
        try:
            return self._patch(entry, {source: text}, {"If-Match": current.headers["etag"]})
        except StoppressError as error:
            with tempfile.NamedTemporaryFile("w", prefix="stoppress-", delete=False, encoding="utf-8") as kept:
                kept.write(text)
            raise StoppressError(f"{error} Your text is in {kept.name}") from None

    def _address(self, entry: str) -> str:
        """Return the address of an entry, given its id or address."""
        return f"{self._blog}/entries/{quoted(entry.rpartition('/')[2])}"


def read_text() -> str:
    """Return standard input; a request with it fails if it is not valid UTF-8."""
    if _is_terminal():
        click.echo("Write the entry in Markdown. Press Ctrl-D to send it, Ctrl-C to cancel.", err=True)
    return sys.stdin.buffer.read().decode(errors="surrogateescape")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _line(entry: dict[str, Any]) -> str:
    time = entry.get("published_at") or entry.get("publish_at") or ""
    marks = [mark for mark in ("breaking", "key", "pinned") if entry.get(mark)]
    text = " ".join((entry.get("title") or entry.get("text") or entry.get("note") or "").split())
    text = "".join(letter for letter in text if letter.isprintable())
    parts = [entry["id"], f"{entry['status']:9}", f"{time[:16].replace('T', ' '):16}", text[:_COLUMNS]]
    return "  ".join([*parts, *([f"[{', '.join(marks)}]"] if marks else [])]).rstrip()
