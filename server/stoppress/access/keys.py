"""API keys that admins make and revoke while the nodes run.

The store has a record for each key. Its id is the hash of the secret, so nobody can read the secret there. A second
record reserves the key's name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.key_checks import KEY, ApiKey, KeyChecks
from stoppress.access.roles import require_blogs
from stoppress.access.secret import digest, new_secret
from stoppress.errors import BadInput, KeyNotFound, NameTaken, StoreDamaged, TooManyKeys, VersionConflict
from stoppress.model import timestamp
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.store.past.port import Act

MAX_KEYS = 1_000

KEPT_SECONDS = 30 * 24 * 3600
"""Seconds for which the list still shows a key that has ended."""

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$(?!\n)"

BLOGS_PATTERN = r"^[A-Za-z0-9*?\[][A-Za-z0-9_*?\[\]!-]{0,99}$(?!\n)"

_PAGE = 200
"""Records to read at once, so that a list does not hold up the event loop."""

_NAME = "key_name"
"""The kind of the records that reserve names."""

log = logging.getLogger("stoppress.keys")


class KeyForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new API key, in the body of POST."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    role: Literal["reader", "contributor", "editor", "admin"]
    blogs: Annotated[list[Annotated[str, Meta(pattern=BLOGS_PATTERN)]], Meta(min_length=1, max_length=100)] = (
        msgspec.field(default_factory=lambda: list(EVERY_BLOG))
    )
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class NewKey(ApiKey, kw_only=True):
    """An API key with its secret, which only the answer to its creation has."""

    secret: str


class KeyRing:
    """The API keys of a site.

    Args:
        accounts: keep them.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now
        self.checks = KeyChecks(accounts, now)

    async def make(self, form: KeyForm, maker: Identity, act: Act | None = None) -> NewKey:
        """Make a key, and return it with its secret. In the same commit, `act` becomes part of the audit.

        Raises:
            BadInput: the key has ended already.
            Forbidden: the key is for blogs that its maker is not for.
            NameTaken: a key has this name.
            TooManyKeys: there are `MAX_KEYS`.
        """
        blogs = list(EVERY_BLOG) if "*" in form.blogs else list(dict.fromkeys(form.blogs))
        require_blogs(maker, blogs, f"make a key for {', '.join(blogs[:10])}")
        ends, expires_at = self._end(form)
        if len(await self._records()) >= MAX_KEYS:
            raise TooManyKeys(MAX_KEYS)
        created_at, secret = timestamp(datetime.fromtimestamp(self._now(), UTC)), new_secret()
        key_id = digest(secret)
        key = ApiKey(form.name, form.role, blogs, created_at, maker.id, expires_at)
        kept_until = None if ends is None else ends + KEPT_SECONDS
        try:
            await self._accounts.write(
                [
                    RecordWrite(_NAME, key.name, key_id.encode(), 0, kept_until),
                    RecordWrite(KEY, key_id, msgspec.json.encode(key), 0, kept_until),
                ],
                act,
            )
        except VersionConflict:
            raise NameTaken(key.name) from None
        log.info("key_made", extra={"key": key.name, "role": key.role, "blogs": key.blogs, "by": maker.id})
        return NewKey(**msgspec.structs.asdict(key), secret=secret)

    def _end(self, form: KeyForm) -> tuple[float | None, str | None]:
        """Return when a key ends, as Unix time in seconds and as text."""
        if form.expires_at is None:
            return None, None
        try:
            ends, text = form.expires_at.timestamp(), timestamp(form.expires_at)
        except OverflowError:
            ends, text = 0.0, form.expires_at.isoformat()
        if ends <= self._now():
            raise BadInput(f"`expires_at` must be in the future; got {text}.", "expires_at")
        return ends, text

    async def keys(self, who: Identity) -> list[ApiKey]:
        """Return all keys whose blogs `who` is for, sorted by name."""
        keys = [key for _, key in await self._records()]
        return sorted((key for key in keys if who.is_for_all(key.blogs)), key=lambda key: key.name)

    async def key(self, name: str, who: Identity) -> ApiKey:
        """Return one key. Raises `Forbidden` or `KeyNotFound` as `revoke` does."""
        for key in (await self._named(name)).values():
            if key is not None:
                require_blogs(who, key.blogs, f"see key {name!r}")
                return key
        raise KeyNotFound(name)

    async def revoke(self, name: str, who: Identity, act: Act | None = None) -> None:
        """Revoke a key: at once on this node, and on the others within `secret_checks.CHECK_SECONDS`.

        In the same commit, `act` becomes part of the audit.

        Raises:
            Forbidden: the key is for blogs that `who` is not for.
            KeyNotFound: no key has this name.
        """
        found = await self._named(name)
        for key in found.values():
            require_blogs(who, key.blogs if key else EVERY_BLOG, f"revoke key {name!r}")
        if not found:
            raise KeyNotFound(name)
        gone = [RecordWrite(KEY, key_id, None) for key_id in list(found)[:10]]
        await self._accounts.write([*gone, RecordWrite(_NAME, name, None)], act)
        for key_id in found:
            self.checks.ended(key_id)
        log.info("key_revoked", extra={"key": name, "by": who.id})

    async def _named(self, name: str) -> dict[str, ApiKey | None]:
        """Return the key with a name by its id, or None in its place if it is lost or cannot be read.

        There are several only if the store has lost the record that reserves the name.
        """
        found: dict[str, ApiKey | None] = {record.id: key for record, key in await self._records() if key.name == name}
        is_name = re.fullmatch(NAME_PATTERN, name) is not None
        reserved = await self._accounts.get(_NAME, name) if is_name else None
        if reserved is not None and (key_id := reserved.body.decode()) not in found:
            with suppress(StoreDamaged):
                found[key_id] = None
                record = await self._accounts.get(KEY, key_id)
                found[key_id] = ApiKey.read(record.body) if record else None
        return found

    async def _records(self) -> list[tuple[Record, ApiKey]]:
        """Return all keys with their records. Records that cannot be read are left out; they are not valid either."""
        found: list[tuple[Record, ApiKey]] = []
        page = await self._accounts.records(KEY, limit=_PAGE)
        while page:
            keys = ((record, ApiKey.read(record.body)) for record in page)
            found += ((record, key) for record, key in keys if key is not None)
            page = await self._accounts.records(KEY, page[-1].id, _PAGE)
        return found
