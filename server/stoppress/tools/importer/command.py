"""`stoppress import`: put the content of a file on a server, through the editors' API."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from stoppress.errors import StartError, StoppressError
from stoppress.tools.api_client import ApiClient, quoted
from stoppress.tools.importer.found import BlogFile, Found
from stoppress.tools.importer.read import later_fields

_ATTEMPTS = 10
"""Attempts to send a request that the server cannot take now."""

_MADE_BY_SERVER = frozenset(("seq", "text"))

_MAX_SHOWN = 20


class Importer:
    """Puts content into a blog. Each request can be repeated, and so can the whole.

    Args:
        url: the server.
        key: the secret of an admin's key.
        blog: the name of the blog.
        wait: waits for some seconds.
    """

    def __init__(self, url: str, key: str, blog: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._client = ApiClient(url, key)
        self._blog = f"/api/blogs/{quoted(blog)}"
        self._name = blog
        self._wait = wait
        self._counts: Counter[str] = Counter()
        self._is_reached = False

    def run(self, content: BlogFile) -> Iterator[str]:
        """Put everything, and yield a line about each thing that was not put, then one about all.

        Raises:
            StoppressError: the server cannot be reached, or rejects something; the message names the first lines.
        """
        rejected: list[str] = []
        with self._client.kept_open():
            self._put_header(content.header)
            for entry in content.entries:
                outcome, detail = self._put_entry(entry)
                self._counts[outcome] += 1
                if outcome == "differs":
                    yield f"line {entry.line}: entry {entry.fields['id']} is there and differs; it stays as it is"
                elif outcome == "rejected":
                    rejected.append(f"line {entry.line}: {detail}")
            self._finish_header(content.header)
        yield self._summary()
        if rejected:
            shown = "; ".join(rejected[:_MAX_SHOWN])
            more = f"; and {len(rejected) - _MAX_SHOWN} more" if rejected[_MAX_SHOWN:] else ""
            raise StoppressError(f"the server rejected {len(rejected)} entries: {shown}{more}")

    def _summary(self) -> str:
        counts = self._counts
        parts = [f"{counts['new']} new", f"{counts['known']} there already"]
        if counts["differs"]:
            parts.append(f"{counts['differs']} there and different")
        return f"{self._name}: {', '.join(parts)}."

    def _put_header(self, header: Found | None) -> None:
        """Create the blog, if it does not exist. An import does not change the header of a blog."""
        fields = header.fields if header else {}
        now = {name: value for name, value in fields.items() if name not in later_fields(fields)}
        answer = self._send("PUT", self._blog, now, {"If-None-Match": "*", "Idempotency-Key": self._key("header", now)})
        if answer.status_code not in (200, 201, 412):
            line = f"line {header.line}: " if header else ""
            raise StoppressError(f"the server rejected the header ({answer.status_code}): {line}{_detail(answer)}")

    def _finish_header(self, header: Found | None) -> None:
        """Set the fields that name entries, unless the blog has them already."""
        wanted = later_fields(header.fields) if header else {}
        if not wanted:
            return
        current = self._send("GET", self._blog).json()
        missing = {name: value for name, value in wanted.items() if value and not current.get(name)}
        if missing:
            answer = self._send("PATCH", self._blog, missing)
            if answer.is_error:
                raise StoppressError(f"the server rejected the header ({answer.status_code}): {_detail(answer)}")

    def _put_entry(self, entry: Found) -> tuple[str, str]:
        """Put an entry. Return `new`, `known`, `differs` or `rejected`, and the reason."""
        fields = {name: value for name, value in entry.fields.items() if name not in _MADE_BY_SERVER}
        if fields.get("markdown"):
            fields.pop("html", None)
        key = self._key(str(fields["id"]), fields)
        answer = self._send("PUT", f"{self._blog}/entries/{fields['id']}", fields, {"Idempotency-Key": key})
        if answer.is_success:
            return "known" if answer.status_code == 200 or "idempotency-replayed" in answer.headers else "new", ""
        if answer.status_code in (401, 403):
            raise StoppressError(f"the server rejected the request ({answer.status_code}): {_detail(answer)}")
        return "differs" if answer.status_code == 409 else "rejected", _detail(answer)

    def _key(self, name: str, fields: dict[str, Any]) -> str:
        """Return the Idempotency-Key of a request: equal for equal requests."""
        body = json.dumps([self._name, name, fields], sort_keys=True).encode()
        return f"import-{hashlib.sha256(body).hexdigest()[:40]}"

    def _send(
        self, method: str, address: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a request, again while the server has no time or cannot be reached. All of them can be repeated."""
        for attempt in range(_ATTEMPTS):
            is_last = attempt == _ATTEMPTS - 1
            try:
                answer = self._client.exchange(method, address, body, headers)
            except StoppressError:
                if is_last or not self._is_reached:
                    raise
                self._wait(min(2.0**attempt, 10.0))
                continue
            self._is_reached = True
            if answer.status_code not in (429, 503) or is_last:
                return answer
            after = answer.headers.get("retry-after", "")
            self._wait(min(float(after) if after.isdecimal() else 1.0, 60.0))
        raise AssertionError("unreachable")


def about(content: BlogFile) -> str:
    """Return a line that says what a file has."""
    kinds = Counter(entry.fields.get("status") or "published" for entry in content.entries)
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    header = f"header {content.header.fields.get('headline', '')!r}" if content.header else "no header"
    return f"{header}, {len(content.entries)} entries" + (f" ({parts})" if parts else "")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        raise StartError(f"{answer.url} is not a Stoppress server; check --url") from None
