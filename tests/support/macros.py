"""Templates at random, of what browsers know: see `stoppress/web/macros.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Draw = Any

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


@st.composite
def templates(draw: Draw) -> dict[str, str]:
    """`entry.html`, which has a macro `article`, and what it imports."""
    there, here = list(MACROS)[:2], list(MACROS)[2:]
    parts = [_macro(draw, name, MACROS[name], list(MACROS)[: list(MACROS).index(name)]) for name in MACROS]
    imports = f"{{% from 'parts.html' import {', '.join(there)} with context %}}"
    article = _macro(draw, "article", {"entry": "entry"}, list(MACROS))
    return {
        "parts.html": "\n".join(parts[: len(there)]),
        "entry.html": "\n".join([imports, *parts[-len(here) :], article]),
    }


def _macro(draw: Draw, name: str, arguments: dict[str, str], callable_: list[str]) -> str:
    scope = {"t": "texts_of", "home": "text", **arguments}
    return (
        _tag(draw, f"macro {name}({', '.join(arguments)})") + _body(draw, scope, callable_, 3) + _tag(draw, "endmacro")
    )


def _tag(draw: Draw, inside: str) -> str:
    return f"{{%{draw(st.sampled_from(('', '', '-', '+')))} {inside} {draw(st.sampled_from(('', '', '-')))}%}}"


def _body(draw: Draw, scope: Scope, macros: list[str], depth: int) -> str:
    return "".join(_statement(draw, scope, macros, depth) for _ in range(draw(st.integers(0, 3))))


def _statement(draw: Draw, scope: Scope, macros: list[str], depth: int) -> str:
    kind = draw(st.sampled_from(("data", "output", "if", "for", "call") if depth else ("data", "output")))
    if kind == "if":
        tests = [_test(draw, scope, 2) for _ in range(draw(st.integers(1, 3)))]
        made = "".join(
            _tag(draw, f"{'elif' if number else 'if'} {test}") + _body(draw, scope, macros, depth - 1)
            for number, test in enumerate(tests)
        )
        last = _tag(draw, "else") + _body(draw, scope, macros, depth - 1) if draw(st.booleans()) else ""
        return made + last + _tag(draw, "endif")
    lists = [(path, kind) for path, kind in _paths(scope) if kind in ITEMS]
    if kind == "for" and lists:
        path, items = draw(st.sampled_from(lists))
        name = draw(st.sampled_from(NAMES))
        inner = {**scope, name: ITEMS[items], "loop": "loop"}
        return _tag(draw, f"for {name} in {path}") + _body(draw, inner, macros, depth - 1) + _tag(draw, "endfor")
    free = [name for name in macros if name not in scope]
    if kind == "call" and free:
        name = draw(st.sampled_from(free))
        given = [_argument(draw, scope, wanted) for wanted in MACROS[name].values()]
        if None not in given:
            return f"{{{{ {name}({', '.join(map(str, given))}) }}}}"
    return "{{ " + _shown(draw, scope) + " }}" if kind == "output" else draw(st.sampled_from(DATA))


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


def _of_kind(draw: Draw, scope: Scope, *kinds: str) -> str | None:
    paths = [path for path, kind in _paths(scope) if kind in kinds]
    return str(draw(st.sampled_from(paths))) if paths else None


def _constant(draw: Draw, scope: Scope) -> str:
    return str(draw(st.sampled_from([one for one in CONSTANTS if one[:2] != "t." or scope["t"] == "texts_of"])))


def _shown(draw: Draw, scope: Scope, depth: int = 2) -> str:
    first = _of_kind(draw, scope, *SHOWN)
    match draw(st.integers(0, 5)):
        case 0 if depth:
            return f"{_shown(draw, scope, 0)} or {_shown(draw, scope, depth - 1)}"
        case 1:
            return str(draw(st.sampled_from(("'<'", "7", "''"))))
        case 2 if plain := _of_kind(draw, {name: kind for name, kind in scope.items() if kind in FIELDS}, "text"):
            filtered = f"{plain} | {draw(st.sampled_from(('safe', 'web', 'utc')))}"
            return filtered if depth == 2 else plain
    return first or "7"


def _argument(draw: Draw, scope: Scope, kind: str) -> str | None:
    if kind != "text":
        return _of_kind(draw, scope, kind)
    match draw(st.integers(0, 2)):
        case 0:
            return _constant(draw, scope)
        case 1:
            return f"{_shown(draw, scope, 0)} or {_shown(draw, scope, 1)}"
    return _of_kind(draw, scope, *SHOWN)


def _test(draw: Draw, scope: Scope, depth: int) -> str:
    match draw(st.integers(0, 5 if depth else 2)):
        case 0:
            return _constant(draw, scope)
        case 1 if plain := _of_kind(
            draw, {name: kind for name, kind in scope.items() if kind in FIELDS}, "text", "word"
        ):
            return f"{plain} {draw(st.sampled_from(('==', '!=')))} '{draw(st.sampled_from(WORDS))}'"
        case 3:
            return f"not {_test(draw, scope, depth - 1)}"
        case 4:
            return f"({_test(draw, scope, depth - 1)} and {_test(draw, scope, depth - 1)})"
        case 5:
            return f"({_test(draw, scope, depth - 1)} or {_test(draw, scope, depth - 1)})"
    return _of_kind(draw, scope, *SHOWN, "person", "texts", "persons", "medias") or _constant(draw, scope)
