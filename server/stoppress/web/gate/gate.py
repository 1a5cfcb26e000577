"""The only way from a reader's request to a hub. No surface reads a blog without it.

A private blog opens for a token, or for a key or person with the right to `read_private`. The right is checked again
for as long as a reader stays: tokens by their end (`live/passes.py`), all others every few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.access.roles import may
from stoppress.errors import Forbidden, StoppressError, StoreUnavailable, TokenNeeded, WrongToken
from stoppress.live.fd_group import Reader
from stoppress.live.hub import Hub
from stoppress.live.passes import FOREVER, NO_PASS
from stoppress.model import Cursor, StoredHeader
from stoppress.sync.follower import Follower
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.gate.credentials import ReaderOrigins, credential_of
from stoppress.web.problems import HTTPError

if TYPE_CHECKING:
    from stoppress.access.tokens import Tokens

CHECK_SECONDS = 1.0
"""Time between two looks for passes that have ended."""

RECHECK_SECONDS = 2.0
"""Time between two checks of a right that may be taken away."""

_NEEDED = (
    "This blog is private. Send a token as `Authorization: Bearer TOKEN`, as the parameter `token`, or in the "
    "publisher's cookie."
)


class Bearer(NamedTuple):
    """The sender of a request, by its token or key."""

    identity: Identity
    ends: float
    """The Unix time in seconds until which this is true; see `live/passes.py`."""

    def may_read(self, blog: str) -> bool:
        return may(self.identity, "read_private", blog)


class Admitted(NamedTuple):
    """A reader's way to a hub."""

    hub: Hub
    ends: float
    """The Unix time in seconds until which the reader may read the blog, if it is private; see `live/passes.py`."""


class TokenChecks(NamedTuple):
    """The check of readers' tokens, and the limit of wrong ones."""

    tokens: Tokens
    guesses: GuessLimit


class Gate:
    """Decides who may read which blog.

    Args:
        follower: has the hubs.
        authentication: finds out whose key a request carries.
        tokens: check tokens; None: the server takes none.
        origins: those of the pages that may read private blogs.
        cookie: the name of the publisher's cookie with a token.
        clock: returns the store's time as Unix time in seconds.
    """

    def __init__(
        self,
        follower: Follower,
        authentication: Authentication,
        tokens: TokenChecks | None,
        origins: ReaderOrigins,
        cookie: str,
        clock: Callable[[], float],
    ) -> None:
        self._follower = follower
        self._authentication = authentication
        self._tokens = tokens
        self.origins = origins
        self._cookie = cookie
        self._clock = clock
        self._revocable: dict[Reader, tuple[Hub, Request]] = {}

    # Questions of surfaces

    async def hub(self, request: Request, blog: str, since: Cursor | None = None) -> Hub:
        """Return the hub of a blog that the sender of a request may read; see `Follower.hub`.

        It also notes in the request's `state.private` that the answer is not for everybody.

        Raises:
            TokenNeeded, Forbidden, BlogNotFound, StoreUnavailable
            HTTPError: of a key; `TooManyGuesses` also after too many wrong tokens.
        """
        hub = await self._follower.hub(blog, since)
        if self.is_private(hub.replica.opens_at):
            await self._require(request, blog)
        return hub

    async def admit(self, request: Request, blog: str, since: Cursor | None = None) -> Admitted:
        """Return the same as `hub`, and until when a reader may stay."""
        hub = await self._follower.hub(blog, since)
        if self.is_private(hub.replica.opens_at):
            return Admitted(hub, await self._require(request, blog))
        try:
            return Admitted(hub, await self._pass(request, blog))  # the blog may become private
        except (TokenNeeded, Forbidden, StoreUnavailable, HTTPError):
            return Admitted(hub, NO_PASS)

    def at_hand(self, blog: str, since: Cursor | None = None) -> Hub | None:
        """Return the hub of a public blog, for a guest, if that needs no waiting."""
        hub = self._follower.at_hand(blog, since)
        return None if hub is None or self.is_private(hub.replica.opens_at) else hub

    async def visible(self, request: Request, headers: list[StoredHeader]) -> list[StoredHeader]:
        """Return the blogs that the sender of a request may read; nothing says that there are others."""
        now = self._clock()
        if not any(header.opens_at > now for header in headers if header.access != "public"):
            return headers
        try:
            bearer = await self._counted(request) if self.origins.may_read(request) else None
        except (TokenNeeded, StoreUnavailable, HTTPError):
            bearer = None
        if bearer is None:
            return [header for header in headers if header.opens_at <= now]
        request.state.private = True
        return [header for header in headers if header.opens_at <= now or bearer.may_read(header.blog)]

    def carries_credential(self, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether a handshake may have a token or a key in its headers, names in lower case."""
        return b"authorization" in headers or self._cookie.encode() in headers.get(b"cookie", b"")

    def is_private(self, opens_at: float) -> bool:
        """Return whether a blog that opens for everybody at a time is private now."""
        return opens_at > 0 and self._clock() < opens_at

    # Rights

    async def _require(self, request: Request, blog: str) -> float:
        request.state.private = True
        if not self.origins.may_read(request):
            raise WrongOrigin(request.headers.get("origin", ""))
        bearer = await self._counted(request)
        if bearer is None:
            raise TokenNeeded(_NEEDED, reason="")
        return self._ends(bearer, blog)

    async def _pass(self, request: Request, blog: str) -> float:
        """Return until when the token or key of a request opens a blog; `NO_PASS` if there is none.

        Raises:
            TokenNeeded, Forbidden, StoreUnavailable
            HTTPError: 401, there is no such key.
        """
        bearer = await self._bearer(request)
        return NO_PASS if bearer is None else self._ends(bearer, blog)

    @staticmethod
    def _ends(bearer: Bearer, blog: str) -> float:
        if not bearer.may_read(blog):
            raise Forbidden(f"The token or key is valid, but not for blog {blog[:100]!r}.")
        return bearer.ends

    async def _counted(self, request: Request) -> Bearer | None:
        """Return the same as `_bearer`, where the answer shows whether a token is right: wrong ones are limited here.

        Raises:
            TooManyGuesses: the token is wrong, and so were too many from this address.
        """
        try:
            return await self._bearer(request)
        except WrongToken:
            credential = credential_of(request, self._cookie)
            if self._tokens is not None and credential is not None:
                await self._tokens.guesses.count(request, credential.text)
            raise

    async def _bearer(self, request: Request) -> Bearer | None:
        credential = credential_of(request, self._cookie)
        if credential is None:
            return None
        if not credential.is_token:
            return Bearer(await self._authentication.identify(request), FOREVER)
        if self._tokens is None:
            advice = "Its operator can set STOPPRESS_TOKEN_SECRET_FILE or STOPPRESS_TOKEN_JWKS."
            raise TokenNeeded(f"This server takes no tokens. {advice}")
        return Bearer(*self._tokens.tokens.check(credential.text))

    # Readers that stay

    def now(self) -> float:
        """Return the Unix time in seconds by which passes end."""
        return self._clock()

    def watch_reader(self, reader: Reader, hub: Hub, request: Request) -> None:
        """Check a reader with a key again and again, because a key may be revoked."""
        self._revocable[reader] = hub, request

    async def watch(self) -> None:
        """Send away the readers that may not read any longer, until cancelled."""
        next_recheck = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for hub in self._follower.hubs:
                while hub.passes.end(self._clock()):  # noqa: ASYNC110, it lets other work go on
                    await asyncio.sleep(0)
            if self._revocable and loop.time() >= next_recheck:
                await self._recheck()
                next_recheck = loop.time() + RECHECK_SECONDS

    async def _recheck(self) -> None:
        for number, (reader, (hub, request)) in enumerate(tuple(self._revocable.items())):
            if number % 100 == 0:
                await asyncio.sleep(0)
            if not hub.has(reader):
                self._revocable.pop(reader, None)
                continue
            try:
                await self._pass(request, hub.replica.blog)
            except StoreUnavailable:
                continue
            except StoppressError:
                self._revocable.pop(reader, None)
                hub.passes.revoke(reader)


class WrongOrigin(Forbidden):
    def __init__(self, origin: str) -> None:
        advice = "Its operator can allow the origin with STOPPRESS_READER_ORIGINS."
        super().__init__(f"Pages of {origin[:200]!r} may not read private blogs of this server. {advice}")
