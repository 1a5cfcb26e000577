"""Writing epochs: of all tabs in which a person has a draft open, only the one that took it over last may write.

A tab takes a draft over and gets an epoch, which grows with each takeover. It sends the epoch with its writes, and a
write with an older one is refused. The check is made next to the commit, but not in it: in Redis, the records of
accounts and a blog may be at two servers. So a write that is on its way during a takeover may still be committed.
`If-Match` and `Idempotency-Key` are checked in the commit itself.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import NamedTuple

from stoppress.access.identity import Identity
from stoppress.errors import DraftTakenOver, NotNow, VersionConflict
from stoppress.store.accounts.port import Accounts, Record, RecordWrite

KEEP_SECONDS = 7 * 24 * 3600
"""The time after a takeover at which its record ends. Then the draft must be taken over again."""

MAX_DRAFTS = 200
"""Maximum drafts of an identity. The next new one ends the one that was taken over least recently."""

_MAX_ENDED = 10
"""Records that one takeover ends at most."""

_MAX_ATTEMPTS = 10

_KIND = "draft_epoch"

log = logging.getLogger("stoppress.epochs")


class DraftEpoch(NamedTuple):
    """The draft that a write comes from, and the epoch of the tab that sends it."""

    draft: str
    """A UUID that a client has made."""
    epoch: int


class DraftEpochs:
    """Counts takeovers of drafts.

    Args:
        accounts: keep the epochs.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now

    async def take_over(self, who: Identity, draft: str) -> int:
        """Return a new epoch of a draft. It is higher than all before it, also after the record has ended.

        Raises:
            NotNow: too many tabs take the draft over at this moment.
        """
        for _attempt in range(_MAX_ATTEMPTS):
            record, now = await self._accounts.get(_KIND, _record_id(who, draft)), self._now()
            epoch = max(int(now * 1000), _epoch_of(record) + 1)
            expected = record.version if record else 0
            body, ends = b"%d" % epoch, now + KEEP_SECONDS
            put = RecordWrite(_KIND, _record_id(who, draft), body, expected, ends)
            surplus = [] if record else await self._surplus(who)
            try:
                await self._accounts.write([put, *surplus])
            except VersionConflict:
                continue
            return epoch
        raise NotNow("Other tabs are taking over this draft at this moment. Send the request again.")

    async def _surplus(self, who: Identity) -> list[RecordWrite]:
        """Return the removals that leave room for one more draft."""
        first = f"{_digest(who)}/"
        found = await self._accounts.records(_KIND, first, MAX_DRAFTS + _MAX_ENDED)
        own = sorted((record for record in found if record.id.startswith(first)), key=_epoch_of)
        surplus = own[: max(0, len(own) + 1 - MAX_DRAFTS)][:_MAX_ENDED]
        return [RecordWrite(_KIND, record.id, None) for record in surplus]


async def require_current(accounts: Accounts, who: Identity, sent: DraftEpoch | None) -> None:
    """Raise `DraftTakenOver` if a write has an epoch that is not the newest one of its draft."""
    if sent is None:
        return
    epoch = _epoch_of(await accounts.get(_KIND, _record_id(who, sent.draft)))
    if epoch != sent.epoch:
        raise DraftTakenOver(sent.draft, epoch or None)


def _digest(who: Identity) -> str:
    """Return what stands for an identity in ids: names of keys in the settings may be long."""
    return hashlib.sha256(who.id.encode()).hexdigest()[:32]


def _record_id(who: Identity, draft: str) -> str:
    return f"{_digest(who)}/{draft}"


def _epoch_of(record: Record | None) -> int:
    """Return the epoch in a record; 0 without one, or if it cannot be read."""
    if record is None:
        return 0
    try:
        return int(record.body)
    except ValueError:
        log.warning("unreadable_record", extra={"error": f"record {record.id!r} is not an epoch"})
        return 0
