"""One word for one thing: class names, forbidden identifiers, and the glossary of `how-it-works.md`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT, SERVER
from tests.test_docs import DOCS, section

SOURCES = [*sorted(SERVER.rglob("*.py")), *sorted((ROOT / "loadtest").rglob("*.py"))]

FORBIDDEN = {
    "audience": "EncodingGroup",
    "crowd": "FdGroup",
    "farewell": "CloseReason",
    "mended": "fixed",
    "patience": "a name with deadline or timeout, and its unit",
    "refusals": "NotAdmitted, or rejections",
    "turned away": "NotAdmitted",
    "whoever": "the name of the thing",
}
"""Words that no identifier may contain, and what to say instead."""

FORBIDDEN_NAMES = {"BUSY", "LATE", "MOST", "Visit", "Visits"}
"""Whole names that say too little: a constant carries its subject and its unit."""

GLOSSARY_ROW = re.compile(r"^\| ([\w -]+) \| .+ \| `([\w/]+\.py)`: `(\w+)` \|$")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def public_classes(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def identifiers(source: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def forbidden_in(identifier: str) -> list[str]:
    """Return the forbidden words that an identifier contains; `twoWords` and `two_words` are two words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", identifier).replace("_", " ").lower()
    found = [word for word in FORBIDDEN if f" {word} " in f" {' '.join(spaced.split())} "]
    return [*found, *({identifier} & FORBIDDEN_NAMES)]


def defined_in(tree: ast.Module) -> Iterator[str]:
    """Yield every name that a module defines: classes, functions, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def glossary() -> list[str]:
    table = section(DOCS / "explanation" / "how-it-works.md", "## Words")
    return [line for line in table.splitlines() if line.startswith("|")][2:]


def test_no_two_public_classes_have_one_name():
    files = defaultdict(list)
    for path in SOURCES:
        for name in public_classes(ast.parse(path.read_text())):
            files[name].append(name_of(path))
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", sorted(SERVER.rglob("*.py")), ids=name_of)
def test_no_identifier_has_a_forbidden_word(path):
    found = {name: words for name in identifiers(path.read_text()) if (words := forbidden_in(name))}
    assert found == {}, {word: FORBIDDEN.get(word, "subject and unit") for words in found.values() for word in words}


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("_audience", ["audience"]),
        ("CrowdOfReaders", ["crowd"]),
        ("turned_away", ["turned away"]),
        ("READ_PATIENCE", ["patience"]),
        ("MOST", ["MOST"]),
        ("most_common", []),
        ("crowded", []),
    ],
)
def test_forbidden_words_are_found_in_names_of_every_style(identifier, words):
    assert forbidden_in(identifier) == words


def test_the_glossary_has_about_20_words_each_once():
    words = [row.split("|")[1].strip() for row in glossary()]
    assert 20 <= len(words) <= 30
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("row", glossary(), ids=lambda row: row.split("|")[1].strip())
def test_the_glossary_names_code_that_exists(row):
    found = GLOSSARY_ROW.fullmatch(row)
    assert found, "the row must end with a file and a name: `live/hub.py`: `Hub`"
    _, file, name = found.groups()
    assert name in set(defined_in(ast.parse((SERVER / file).read_text())))
