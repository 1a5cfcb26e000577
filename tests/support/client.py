"""A reader as the protocol describes it. It checks the promises P1 and P2 for every message that it gets."""

from __future__ import annotations

from typing import Any

from stoppress.model import HEADER, Cursor


class Client:
    """Keeps the shown entries over all connections. It fails on the first broken promise."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.shown: dict[str, dict[str, Any]] = {}
        self.header: dict[str, Any] | None = None
        self.oldest: tuple[str, str] | None = None
        """Entries before this position are not loaded; None: all entries are loaded."""
        self.applied: set[tuple[str, int]] = set()
        self.updates = self.resets = 0
        self._pending: list[dict[str, Any]] = []

    @property
    def complete(self) -> bool:
        """Whether the shown entries are a state of the blog, not a part of a catch-up."""
        return not self._pending

    def connected(self) -> str | None:
        """Begin a new connection and forget an incomplete catch-up. Return the `since` of the connection."""
        self._pending.clear()
        return self.cursor

    def receive(self, message: dict[str, Any]) -> None:
        """Take one message of a connection."""
        if message["type"] == "beat":
            assert message["cursor"] == self._expected(), f"a beat at {message['cursor']}, reader at {self._expected()}"
            return
        if message["type"] != "update":
            return
        begins = message["from"]
        assert begins is None or begins == self._expected(), f"gap: from {begins}, reader at {self._expected()}"
        if begins is not None and self._expected() is not None:
            before, after = Cursor.parse(begins), Cursor.parse(message["cursor"])
            assert after.seq >= before.seq, "the cursor went back without a reset"
        seqs = [entry["seq"] for entry in message["entries"]]
        assert seqs == sorted(set(seqs)), f"entries are not ascending by seq: {seqs}"
        self._pending.append(message)
        if not message.get("more"):
            parts, self._pending = self._pending, []
            for part in parts:
                self._apply(part)

    def _expected(self) -> str | None:
        return self._pending[-1]["cursor"] if self._pending else self.cursor

    def _apply(self, message: dict[str, Any]) -> None:
        if message["from"] is None:
            self._reset(message)
        if "header" in message:
            assert self.header is None or message["header"]["seq"] > self.header["seq"]
            self.header = message["header"]
        for entry in message["entries"]:
            self._put(entry)
        self.cursor = message["cursor"]
        self.updates += 1

    def _reset(self, message: dict[str, Any]) -> None:
        self.resets += 1
        self.shown.clear()
        self.applied.clear()
        self.header = None
        self.oldest = min(map(place, message["entries"])) if "older" in message else None

    def _put(self, entry: dict[str, Any]) -> None:
        version = entry["id"], entry["version"]
        assert version not in self.applied, f"{version} came twice"
        self.applied.add(version)
        if self.oldest is not None and place(entry) < self.oldest:
            return
        before = self.shown.get(entry["id"])
        assert before is None or before["seq"] < entry["seq"], f"{entry['id']} went back"
        self.shown[entry["id"]] = entry

    def state(self) -> dict[str, tuple[int, int]]:
        """Return the shown seq and version by entry id."""
        return {entry_id: (entry["seq"], entry["version"]) for entry_id, entry in self.shown.items()}

    def expected_of(self, state: dict[str, tuple[int, int]], published_at: dict[str, str]) -> dict[str, Any]:
        """Return the part of a blog's state that this reader should show, given the pages that it has loaded."""
        return {
            item_id: value
            for item_id, value in state.items()
            if item_id != HEADER and (self.oldest is None or (published_at[item_id], item_id) >= self.oldest)
        }


def place(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["published_at"], entry["id"]
