"""One sign-in with an OpenID provider, from the redirect to the provider until the browser is back.

The browser keeps a random secret in a cookie. The state, the nonce and the PKCE verifier are made of it with HMAC. So
the node stores nothing before the provider has vouched for somebody, and only the browser that has begun can go on.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from stoppress.access.openid.id_token import Expected, KeyNotListed, checked_claims
from stoppress.access.openid.provider import Provider
from stoppress.access.openid.role_rules import RoleRules
from stoppress.errors import SignInRefused, VersionConflict
from stoppress.store.accounts.port import Accounts, RecordWrite

MAX_SECONDS = 600
"""Maximum seconds from the redirect to the provider until the browser is back."""

_USED = "oidc_used"
"""The kind of the records of sign-ins that are done."""

_SECRET = re.compile(r"([0-9]{10})\.[A-Za-z0-9_-]{43}")


class OpenIDUser(NamedTuple):
    """Somebody for whom the provider has vouched."""

    subject: str
    """The provider and its `sub` for the person; nobody else has both."""
    name: str
    display_name: str
    role: str | None
    """None: the provider gives it no role here."""


class OpenIDSignIn:
    """See the module's docstring.

    Args:
        provider: the provider.
        rules: give the roles.
        name_claim: the claim that is the name of a person here.
        callback: the address to which the provider sends browsers back.
        accounts: remember sign-ins that are done.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(
        self,
        provider: Provider,
        rules: RoleRules,
        name_claim: str,
        callback: str,
        accounts: Accounts,
        now: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._rules = rules
        self._name_claim = name_claim
        self._callback = callback
        self._accounts = accounts
        self._now = now

    async def begin(self) -> tuple[str, str]:
        """Return the address of the provider for a browser, and the secret for its cookie.

        Raises:
            ProviderUnavailable: the provider does not answer as it should.
        """
        address = await self._provider.address("authorization_endpoint")
        secret = f"{int(self._now()):010d}.{secrets.token_urlsafe(32)}"
        challenge = hashlib.sha256(_part(secret, "verifier").encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._callback,
            "scope": "openid profile email",
            "state": _part(secret, "state"),
            "nonce": _part(secret, "nonce"),
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", secret

    async def finish(self, secret: str | None, state: str, code: str) -> OpenIDUser:
        """Return the user, when the browser is back.

        Args:
            secret: from the cookie; None: it has none.
            state: from the address.
            code: from the address.

        Raises:
            ProviderUnavailable: the provider does not answer as it should.
            SignInRefused: the sign-in is not valid, or the user has no name.
        """
        begun = _SECRET.fullmatch(secret or "")
        if secret is None or begun is None or not hmac.compare_digest(state.encode(), _part(secret, "state").encode()):
            raise SignInRefused("This sign-in was not begun in this browser, or it is done. Sign in again.")
        if not 0 <= self._now() + 60 - int(begun[1]) <= MAX_SECONDS + 60:
            raise SignInRefused(f"This sign-in took more than {MAX_SECONDS // 60} minutes. Sign in again.")
        token = await self._provider.id_token(code, _part(secret, "verifier"), self._callback)
        expected = Expected(self._provider.issuer, self._provider.client_id, _part(secret, "nonce"))
        claims = await self._claims(token, expected)
        try:
            used = hashlib.sha256(secret.encode()).hexdigest()
            await self._accounts.write([RecordWrite(_USED, used, b"", 0, self._now() + 2 * MAX_SECONDS)])
        except VersionConflict:
            raise SignInRefused("This sign-in was done before. Sign in again.") from None
        return self._user(claims)

    async def _claims(self, token: str, expected: Expected) -> dict[str, Any]:
        keys = await self._provider.keys()
        try:
            return await asyncio.to_thread(checked_claims, token, keys, expected, self._now())
        except KeyNotListed:
            keys = await self._provider.keys(has_unknown=True)
            return await asyncio.to_thread(checked_claims, token, keys, expected, self._now())

    def _user(self, claims: dict[str, Any]) -> OpenIDUser:
        name = claims.get(self._name_claim)
        if not isinstance(name, str):
            raise SignInRefused(f"The OpenID provider does not give your name (`{self._name_claim}`). Tell an admin.")
        shown = claims.get("name")
        display_name = "".join(filter(str.isprintable, shown))[:100] if isinstance(shown, str) else ""
        return OpenIDUser(
            f"{self._provider.issuer} {claims['sub']}", name, display_name or name, self._rules.role(claims)
        )


def _part(secret: str, purpose: str) -> str:
    """Return text that only the owner of a secret can make, for one purpose."""
    digest = hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
