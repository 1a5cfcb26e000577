"""The identity of a request, with the role and the blogs that limit it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Literal, NamedTuple

EVERY_BLOG = ("*",)

Kind = Literal["key", "person", "token", "node"]


class Identity(NamedTuple):
    """An authenticated sender of requests."""

    kind: Kind
    """An API key, a person with a session, a reader's token, or a node itself."""
    name: str
    role: str
    """One of `roles.ROLES`."""
    blogs: tuple[str, ...] = EVERY_BLOG
    """Names of blogs, or patterns with `*`, `?` and `[...]` as those of file names."""
    scope: str = ""
    """The owner of Idempotency-Keys and limits; the name if this is empty, as it is for keys of the settings."""

    def __str__(self) -> str:
        return f"{self.kind.capitalize()} {self.name!r}"

    @property
    def id(self) -> str:
        """The scope of Idempotency-Keys, of limits, and of drafts of one's own. No other identity has it."""
        return self.scope or self.name

    def is_for(self, blog: str) -> bool:
        """Return whether the identity may be used for a blog."""
        return self.blogs == EVERY_BLOG or _pattern(self.blogs).fullmatch(blog) is not None

    def is_for_all(self, patterns: Iterable[str]) -> bool:
        """Return whether the identity may be used for all blogs that match any of the patterns, now and later."""
        return self.blogs == EVERY_BLOG or all(any(_covers(own, pattern) for own in self.blogs) for pattern in patterns)


NODE = Identity("node", "stoppress", "admin")
"""The server itself, for example when it publishes a scheduled entry."""


@lru_cache(256)
def _pattern(blogs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, blogs)) or r"(?!)")


def _covers(wide: str, narrow: str) -> bool:
    """Return whether every name that matches `narrow` matches `wide`. This may be False for some that do.

    If `wide` has no wildcard but `*`, only such a `*` can match the wildcards in the text of `narrow`. It then also
    matches whatever they stand for.
    """
    is_name = not set(narrow) & set("*?[")
    return wide == narrow or ((is_name or not set(wide) & set("?[")) and fnmatchcase(narrow, wide))
