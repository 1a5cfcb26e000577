"""The table of roles: what each may do. The documentation and the tests are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from stoppress.access.identity import Identity
from stoppress.errors import Forbidden

Action = Literal[
    "read_private",
    "read_blogs",
    "write_draft",
    "read_drafts",
    "read_versions",
    "publish",
    "retract",
    "import_entries",
    "change_blog",
    "change_access",
    "create_blog",
    "delete_blog",
    "read_keys",
    "change_keys",
    "use_session",
    "read_people",
    "change_people",
    "read_audit",
    "read_webhooks",
    "change_webhooks",
]


class Role(NamedTuple):
    """A role, and who it is for."""

    name: str
    purpose: str


ROLES = {
    role.name: role
    for role in (
        Role("reader", "reads private blogs"),
        Role("contributor", "writes drafts of its own, and submits them"),
        Role("editor", "publishes, edits and retracts entries, and changes the headers of blogs"),
        Role("admin", "does everything: blogs, keys and people"),
        Role("settings_editor", "an `editor` key in STOPPRESS_KEYS: also creates and deletes blogs"),
    )
}


class Rule(NamedTuple):
    """One row of the table: an action, and the roles that may do it."""

    does: str
    """The action in words, as after "may not"."""
    roles: frozenset[str]


def _rule(does: str, roles: str) -> Rule:
    return Rule(does, frozenset(roles.split()))


_NEWSROOM, _EDITORS, _ADMINS = (
    "contributor editor settings_editor admin",
    "editor settings_editor admin",
    "settings_editor admin",
)

RULES: dict[Action, Rule] = {
    "read_private": _rule("read private blogs", f"reader {_NEWSROOM}"),
    "read_blogs": _rule("read the headers and entries of blogs as editors see them", _NEWSROOM),
    "write_draft": _rule("write, submit and remove drafts of its own", _NEWSROOM),
    "read_drafts": _rule("read drafts of others", _EDITORS),
    "read_versions": _rule("read earlier versions of entries other than drafts of its own", _EDITORS),
    "publish": _rule("publish, schedule, edit, pin and correct entries, or change drafts of others", _EDITORS),
    "retract": _rule("retract entries", _EDITORS),
    "import_entries": _rule("import entries with their ids, times and versions", _ADMINS),
    "change_blog": _rule("change the header of a blog", _EDITORS),
    "change_access": _rule("change who may read a blog", _ADMINS),
    "create_blog": _rule("create blogs", _ADMINS),
    "delete_blog": _rule("delete blogs", _ADMINS),
    "read_keys": _rule("list API keys", "admin"),
    "change_keys": _rule("make and revoke API keys", "admin"),
    "use_session": _rule("see and end sessions of its own", f"reader {_NEWSROOM}"),
    "read_people": _rule("list people and their sessions", "admin"),
    "change_people": _rule("add, change and remove people, and end their sessions", "admin"),
    "read_audit": _rule("read the audit", "admin"),
    "read_webhooks": _rule("list webhooks and the events that they did not deliver", "admin"),
    "change_webhooks": _rule("make and remove webhooks, and send events again", "admin"),
}
"""The table, by action."""


def may(who: Identity, action: Action, blog: str | None = None) -> bool:
    """Return whether an identity may do something, in a blog or, with None, at all. Every endpoint asks this."""
    return who.role in RULES[action].roles and (blog is None or who.is_for(blog))


def require(who: Identity, action: Action, blog: str | None = None) -> None:
    """Raise `Forbidden`, with what is missing, unless the identity may do something."""
    if may(who, action, blog):
        return
    rule = RULES[action]
    if who.role in rule.roles:
        allowed = ", ".join(who.blogs[:10])
        raise Forbidden(f"{who} may not be used for blog {(blog or '')[:100]!r}, only for {allowed or 'none'}.")
    needed = " or ".join(name for name in ROLES if name in rule.roles and name != "settings_editor")
    role = "editor" if who.role == "settings_editor" else who.role
    raise Forbidden(f"{who} has the role {role} and may not {rule.does}. That needs the role {needed}.")


def require_blogs(who: Identity, blogs: Sequence[str], does: str) -> None:
    """Raise `Forbidden` unless an identity may be used for all these blogs. `does` follows "may not"."""
    if not who.is_for_all(blogs):
        raise Forbidden(f"{who} may only be used for {', '.join(who.blogs[:10]) or 'no blog'} and may not {does}.")
