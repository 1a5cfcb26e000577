"""Templates at random, of what browsers know: see `stoppress/web/macros.py`."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

FIELDS: dict[str, dict[str, str]] = {
    "entry": {
        **dict.fromkeys(("title", "text", "html", "note", "id", "updated_at", "event_at"), "text"),
        **dict.fromkeys(("key", "pinned", "breaking"), "bool"),
        "status": "word",
        "seq": "number",
        "source": "person",
        "tags": "texts",
        "authors": "persons",
        "media": "medias",
    },
    "person": {"name": "text", "url": "text"},
    "media": {"type": "word", "url": "text", "caption": "text", "alt": "text", "width": "number"},
    "loop": {"first": "bool"},
    "frame": {"name": "text", "address": "text"},
}
"""What values of each kind have."""

ITEMS = {"texts": "text", "persons": "person", "medias": "media"}
SHOWN = ("text", "word", "number", "bool", "known")

DATA = (
    *(
        "<p>",
        "</p>",
        ' class="',
        '"',
        " hidden",
        "&amp;",
        "&",
        "'",
        "{ ",
        "}",
        "{ { ",
        "\\",
        "é\n",
        " ",
        "  \n\t",
        "\x7f",
    ),
    *("{# a comment #}", "{#- another -#}", "{% raw %}{{ x }}{% if %}{% endraw %}", "${x}", "[1]", "</template>"),
)
CONSTANTS = ("'a'", '"<b> & \'"', "''", "'published'", "none", "true", "7", "t.live", "t.by.before", "t.fresh.other")
WORDS = ("published", "image", "embed", "One", "a b")
NAMES = ("entry", "x", "t", "home", "one", "title")

Scope = Mapping[str, str]
"""The kind of what each name stands for."""

MACROS: dict[str, dict[str, str]] = {
    "none_of_it": {},
    "two": {"x": "text", "entry": "text"},
    "persons": {"home": "persons", "t": "bool"},
    "medium": {"title": "media", "one": "text"},
}
"""Macros that the later ones and `article` may call, and their arguments."""


def templates(random: Random) -> dict[str, str]:
    """`entry.html`, which has a macro `article`, and what it imports."""
    there, here = list(MACROS)[:2], list(MACROS)[2:]
    parts = [_macro(random, name, MACROS[name], list(MACROS)[: list(MACROS).index(name)]) for name in MACROS]
    imports = f"{{% from 'parts.html' import {', '.join(there)} with context %}}"
    article = _macro(random, "article", {"entry": "entry"}, list(MACROS))
    return {
        "parts.html": "\n".join(parts[: len(there)]),
        "entry.html": "\n".join([imports, *parts[-len(here) :], article]),
    }


def _macro(random: Random, name: str, arguments: dict[str, str], callable_: list[str]) -> str:
    scope = {"t": "texts_of", "home": "text", **arguments}
    return (
        _tag(random, f"macro {name}({', '.join(arguments)})")
        + _body(random, scope, callable_, 3)
        + _tag(random, "endmacro")
    )


def _tag(random: Random, inside: str) -> str:
    return f"{{%{random.choice(('', '', '-', '+'))} {inside} {random.choice(('', '', '-'))}%}}"


def _body(random: Random, scope: Scope, macros: list[str], depth: int) -> str:
    return "".join(_statement(random, scope, macros, depth) for _ in range(random.choice((1, 2, 0))))


def _statement(random: Random, scope: Scope, macros: list[str], depth: int) -> str:
    kind = random.choice(("if", "for", "call", "output", "data") if depth else ("output", "data"))
    if kind == "if":
        tests = [_test(random, scope, 2) for _ in range(random.randint(1, 3))]
        made = "".join(
            _tag(random, f"{'elif' if number else 'if'} {test}") + _body(random, scope, macros, depth - 1)
            for number, test in enumerate(tests)
        )
        last = _tag(random, "else") + _body(random, scope, macros, depth - 1) if random.random() < 0.5 else ""
        return made + last + _tag(random, "endif")
    lists = [(path, kind) for path, kind in _paths(scope) if kind in ITEMS]
    if kind == "for" and lists:
        path, items = random.choice(lists)
        name = random.choice(NAMES)
        inner = {**scope, name: ITEMS[items], "loop": "loop"}
        return _tag(random, f"for {name} in {path}") + _body(random, inner, macros, depth - 1) + _tag(random, "endfor")
    free = [name for name in macros if name not in scope]
    if kind == "call" and free:
        name = random.choice(free)
        given = [_argument(random, scope, wanted) for wanted in MACROS[name].values()]
        if None not in given:
            return f"{{{{ {name}({', '.join(map(str, given))}) }}}}"
    return "{{ " + _shown(random, scope) + " }}" if kind == "output" else random.choice(DATA)


def _paths(scope: Scope) -> list[tuple[str, str]]:
    """What can be reached, and of which kind it is."""
    found = []
    for name, kind in scope.items():
        found.append((name, kind))
        for field, inner in FIELDS.get(kind, {}).items():
            found.append((f"{name}.{field}", inner))
            found += [(f"{name}.{field}.{further}", last) for further, last in FIELDS.get(inner, {}).items()]
        if kind == "entry":
            found.append((f"({name} | updated)", "text"))
        if kind == "media":
            found.append((f"({name} | frame).address", "text"))
    return found


def _of_kind(random: Random, scope: Scope, *kinds: str) -> str | None:
    paths = [path for path, kind in _paths(scope) if kind in kinds]
    return str(random.choice(paths)) if paths else None


def _constant(random: Random, scope: Scope) -> str:
    return str(random.choice([one for one in CONSTANTS if one[:2] != "t." or scope["t"] == "texts_of"]))


def _shown(random: Random, scope: Scope, depth: int = 2) -> str:
    first = _of_kind(random, scope, *SHOWN)
    match random.randint(0, 5):
        case 0 if depth:
            return f"{_shown(random, scope, 0)} or {_shown(random, scope, depth - 1)}"
        case 1:
            return str(random.choice(("'<'", "7", "''")))
        case 2 if plain := _of_kind(random, {name: kind for name, kind in scope.items() if kind in FIELDS}, "text"):
            filtered = f"{plain} | {random.choice(('safe', 'web', 'utc'))}"
            return filtered if depth == 2 else plain
    return first or "7"


def _argument(random: Random, scope: Scope, kind: str) -> str | None:
    if kind != "text":
        return _of_kind(random, scope, kind)
    match random.randint(0, 2):
        case 0:
            return _constant(random, scope)
        case 1:
            return f"{_shown(random, scope, 0)} or {_shown(random, scope, 1)}"
    return _of_kind(random, scope, *SHOWN)


def _test(random: Random, scope: Scope, depth: int) -> str:
    match random.randint(0, 5 if depth else 2):
        case 0:
            return _constant(random, scope)
        case 1 if plain := _of_kind(
            random, {name: kind for name, kind in scope.items() if kind in FIELDS}, "text", "word"
        ):
            return f"{plain} {random.choice(('==', '!='))} '{random.choice(WORDS)}'"
        case 3:
            return f"not {_test(random, scope, depth - 1)}"
        case 4:
            return f"({_test(random, scope, depth - 1)} and {_test(random, scope, depth - 1)})"
        case 5:
            return f"({_test(random, scope, depth - 1)} or {_test(random, scope, depth - 1)})"
    return _of_kind(random, scope, *SHOWN, "person", "texts", "persons", "medias") or _constant(random, scope)
