"""Which claims give which role."""

from __future__ import annotations

from typing import Any

import pytest

from stoppress.access.openid.role_rules import RoleRules
from stoppress.errors import StartError

RULES = RoleRules(
    "groups:newsroom=editor groups:desk=admin groups:free%20lance=contributor realm_access.roles:live=editor "
    "https://example.org/groups:x=reader staff:true=reader"
)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["newsroom"]}, "editor"),
        ({"groups": "newsroom"}, "editor"),
        ({"groups": ["newsroom", "desk", "free lance"]}, "admin"),
        ({"groups": ["free lance"]}, "contributor"),
        ({"groups": ["free%20lance"]}, None),
        ({"realm_access": {"roles": ["live"]}}, "editor"),
        ({"realm_access.roles": ["live"]}, "editor"),
        ({"realm_access": "roles"}, None),
        ({"https://example.org/groups": ["x"]}, "reader"),
        ({"staff": True}, "reader"),
        ({"staff": "true"}, "reader"),
        ({"staff": False}, None),
        ({"groups": ["Newsroom", "newsroom ", "news"]}, None),
        ({"groups": [["newsroom"], {"newsroom": 1}, None, 7]}, None),
        ({"groups": None}, None),
        ({}, None),
    ],
)
def test_the_highest_role_of_the_claims_counts(claims: dict[str, Any], role: str | None):
    assert RULES.role(claims) == role


@pytest.mark.parametrize(
    "text", ["groups", "groups:x", "groups:x=king", "groups=editor", ":x=editor", "groups:x=editor,"]
)
def test_a_malformed_rule_is_told_what_to_do(text: str):
    with pytest.raises(StartError, match=r"malformed rule '.*'; use CLAIM:VALUE=ROLE with a role of admin, editor"):
        RoleRules(f"groups:desk=admin {text}")


def test_there_must_be_a_rule():
    with pytest.raises(StartError, match="STOPPRESS_OIDC_ROLES is empty"):
        RoleRules("  ")
