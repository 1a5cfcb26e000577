"""The contract of the store for accounts. One test suite holds every store to it.

A record has a kind, an id and a version, and may end by itself. The store does not look into bodies. Every method may
raise `StoreUnavailable`. The store has then written nothing, or, if the connection broke in the middle of a write,
either all of it or nothing.

Nothing puts a lost record back, unlike a lost change of a blog: a key that the store has lost is no longer valid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stoppress.store.past.port import Act

MAX_WRITES = 20
"""Maximum records in one write."""

MAX_LIST = 1_000
"""Maximum records in one list."""

_MAX_BODY_BYTES = 64 * 1024

_KIND, _ID = re.compile("[a-z_]{1,32}"), re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class Record(NamedTuple):
    """One record as it is stored."""

    id: str
    version: int
    """1 for a new record, and one more after each write."""
    body: bytes
    expires: float | None = None
    """The time at which the record ends, as Unix time in seconds by the store's clock; None: never."""


class RecordWrite(NamedTuple):
    """The next state of one record."""

    kind: str
    """Lower-case letters and _, at most 32. Ids and lists belong to a kind."""
    id: str
    """1 to 200 characters without control characters."""
    body: bytes | None
    """At most 64 KB; None removes the record."""
    expected: int | None = None
    """The version that the store must have now; 0: it must not have the record; None: any version, or no record."""
    expires: float | None = None
    """The time at which the record ends, as Unix time in seconds by the store's clock; None: never."""


class Counted(NamedTuple):
    """The state of a counter."""

    events: int
    """The number of events in the current window."""
    resets_in: float
    """Seconds until the counter is at 0 again."""


class Accounts(Protocol):
    """A store of records and counters; the module's docstring has the rules for all methods."""

    async def get(self, kind: str, record_id: str) -> Record | None:
        """Return a record, or None if there is none or it has ended."""

    async def records(self, kind: str, after: str = "", limit: int = MAX_LIST) -> list[Record]:
        """Return the records of a kind with ids after `after`, in the order of their ids' UTF-8, at most `limit`.

        A store that can tell one unreadable record from damage of the whole leaves it out.
        """

    async def write(self, writes: Sequence[RecordWrite], act: Act | None = None) -> list[int]:
        """Write all or nothing, and return the new version of each record when it is durable; 0 for a removed one.

        To remove a record that is not there is not an error, unless `expected` says otherwise. A record occurs once.
        In the same commit, `act` becomes part of the audit of the site; `Past.acts(None)` returns it.

        Raises:
            VersionConflict: a record has another version than expected; `item` is its id.
        """

    async def count(self, name: str, window_seconds: int, events: int = 1) -> Counted:
        """Add events to a counter and return its state. 0 events only read it.

        A window begins with the first event and lasts for `window_seconds`. Then the counter is at 0 again. Names have
        at most 200 characters. A counter may get lost.
        """


def check_id(kind: str, record_id: str) -> None:
    """Raise `ValueError` if a kind or an id is malformed."""
    if not _KIND.fullmatch(kind) or not _ID.fullmatch(record_id):
        raise ValueError(f"{kind!r} and {record_id!r} are not a kind and an id of records")


def check_writes(writes: Sequence[RecordWrite]) -> None:
    """Raise `ValueError` if there are too many writes, or one of them is malformed or too large."""
    for write in writes:
        check_id(write.kind, write.id)
        if write.body is not None and len(write.body) > _MAX_BODY_BYTES:
            raise ValueError(f"record {write.id!r} has more than {_MAX_BODY_BYTES} bytes")
    if not 0 < len({(write.kind, write.id) for write in writes}) == len(writes) <= MAX_WRITES:
        raise ValueError(f"1 to {MAX_WRITES} different records can be written at once")
