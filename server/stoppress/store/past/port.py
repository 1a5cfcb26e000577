"""The contract for the past: who did what (the audit), and the earlier versions of entries.

`Store.commit`, `Store.delete` and `Accounts.write` write both together with what they tell of. This module has the
reading. A store keeps acts for `Keep.audit_days`, and at most about `MAX_ACTS` for each blog and for the site. Deleting
a blog does not delete its acts. No node puts back what a store has lost of the past.

Every method may raise `StoreUnavailable`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from msgspec import Struct

MAX_ACTS = 100_000
"""About the maximum number of acts that are kept for each blog, and for the site; the oldest go first."""

MAX_VERSION_BYTES = 4 * 1024 * 1024
"""Maximum size of the bodies of all earlier versions of one entry; the oldest go first."""


ACT_ID = "[0-9]{1,16}(-[0-9]{1,10})?"
"""A regular expression for the ids of acts in all stores."""


class Keep(NamedTuple):
    """The limits of the past that a store keeps."""

    audit_days: int = 365
    """Days for which an act is kept."""
    versions: int = 50
    """Maximum number of earlier versions of each entry."""

    @property
    def audit_seconds(self) -> int:
        return self.audit_days * 24 * 3600


class Actor(Struct, omit_defaults=True, frozen=True):
    """The actor of an act: the identity of a request, as it was then."""

    kind: str
    """One of `access.identity.Kind`."""
    name: str
    id: str | None = None
    """The id of the identity, if that is not its name."""


class Act(Struct, omit_defaults=True, kw_only=True, frozen=True):
    """One line of the audit: who has done what. It never has the body of an entry."""

    id: str = ""
    """The store's id of the act; ids grow within a blog, and within the site. Empty before the act is stored."""
    at: str = ""
    """The time at which the store wrote it. Empty before the act is stored."""
    who: Actor
    action: str
    """What was done, as one word: see docs/reference/access.md."""
    blog: str | None = None
    item: str | None = None
    """The id of the entry or of the header; for acts of the site, of the key or the person."""
    version: int | None = None
    """The version that the item got."""
    address: str | None = None
    """The client's address; `redis` for messages through Redis; None for the server itself."""
    reason: str | None = None
    """Why, in the words of the sender."""


class Version(NamedTuple):
    """A version of an entry, as a store keeps it."""

    version: int
    at: float
    """When it was written, as Unix time in seconds by the store's clock; 0 if that is not known."""
    who: Actor | None
    """Who wrote it; None if that is not known."""
    body: bytes | None
    """A `StoredEntry` in JSON; None for the newest version, which is the item itself."""


class Past(Protocol):
    """The past in a store; the module's docstring has the rules for all methods."""

    async def acts(
        self, blog: str | None, *, after: str | None = None, before: str | None = None, limit: int
    ) -> list[Act]:
        """Return acts of a blog, also of a deleted one, or with None those that belong to no blog.

        Args:
            blog: the name of the blog.
            after: the id of an act: return later ones, the oldest first. `0` begins with the oldest one.
            before: the id of an act: return earlier ones, the newest first unless there is `after`. Without both, begin
                with the newest one.
            limit: maximum number of acts.
        """

    async def versions(self, blog: str, entry: str, *, before: int | None = None, limit: int) -> list[Version]:
        """Return versions of an entry, the newest first, at most `limit`, all lower than `before`.

        Nothing is returned for an entry or blog that does not exist. A retracted entry has no version but its newest.
        """
