"""The rules by which claims of an OpenID provider give roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from stoppress.errors import StartError

_ROLES = ("admin", "editor", "contributor", "reader")
"""The highest first."""

_RULE = re.compile(rf"(\S+):([^\s:=]+)=({'|'.join(_ROLES)})")


class _Rule(NamedTuple):
    claim: str
    value: str
    role: str


class RoleRules:
    """See the module's docstring.

    Args:
        text: rules as `CLAIM:VALUE=ROLE`, separated by white space. %20 stands for a space in a value. A claim may be
            inside another, as in `realm_access.roles`.

    Raises:
        StartError: a rule is malformed, or there is none.
    """

    def __init__(self, text: str) -> None:
        self._rules = [_rule(part) for part in text.split()]
        if not self._rules:
            advice = "set it to rules such as groups:newsroom=editor, separated by spaces"
            raise StartError(f"STOPPRESS_OIDC_ROLES is empty, so nobody could sign in; {advice}")

    def role(self, claims: Mapping[str, Any]) -> str | None:
        """Return the highest role that claims give, or None."""
        given = {rule.role for rule in self._rules if rule.value in _values(claims, rule.claim)}
        return next((role for role in _ROLES if role in given), None)


def _rule(part: str) -> _Rule:
    found = _RULE.fullmatch(part)
    if not found:
        roles = ", ".join(_ROLES)
        raise StartError(
            f"STOPPRESS_OIDC_ROLES has the malformed rule {part[:80]!r}; use CLAIM:VALUE=ROLE with a role of {roles}"
        )
    return _Rule(found[1], unquote(found[2]), found[3])


def _values(claims: Mapping[str, Any], claim: str) -> list[str]:
    """Return the values of a claim, as text."""
    found: Any = claims.get(claim)
    if claim not in claims:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    texts = (str(value).lower() if isinstance(value, bool) else value for value in values)
    return [text for text in texts if isinstance(text, str)]
