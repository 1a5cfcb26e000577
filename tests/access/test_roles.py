"""The table of roles, its page in the documentation, and what a denied request is told."""

from __future__ import annotations

import pytest

from stoppress.access.identity import Identity
from stoppress.access.roles import ROLES, RULES, may, require
from stoppress.errors import Forbidden
from tests.support.paths import ROOT

COLUMNS = {role: "`editor` in STOPPRESS_KEYS" if role == "settings_editor" else role for role in ROLES}


def test_the_documentation_has_the_table():
    page = (ROOT / "docs/reference/access.md").read_text()
    rows = [f"| action | {' | '.join(COLUMNS.values())} |", f"|{'---|' * (1 + len(COLUMNS))}"]
    for rule in RULES.values():
        cells = ["yes" if role in rule.roles else "" for role in COLUMNS]
        rows += [f"| {rule.does} | {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")]
    assert "\n".join(rows) in page


def test_an_admin_may_do_everything_and_each_role_does_something():
    assert all("admin" in rule.roles for rule in RULES.values())
    assert {role for rule in RULES.values() for role in rule.roles} == set(ROLES)


def test_a_denied_role_is_told_which_roles_may():
    with pytest.raises(Forbidden) as refusal:
        require(Identity("key", "ANN", "contributor"), "retract", "election")
    told = "Key 'ANN' has the role contributor and may not retract entries. That needs the role editor or admin."
    assert str(refusal.value) == told


def test_an_identity_for_another_blog_is_told_for_which_it_is():
    ann = Identity("key", "ann", "editor", ("sport-*",))
    assert may(ann, "retract", "sport-1")
    assert may(ann, "retract")
    with pytest.raises(Forbidden, match=r"may not be used for blog 'election', only for sport-\*\."):
        require(ann, "retract", "election")


def test_an_unknown_role_may_do_nothing():
    assert not any(may(Identity("key", "ann", "king"), action) for action in RULES)
