"""The floors of the architecture: a module imports only from floors below its own, or from its own package."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import SERVER

ROOMS = (
    "errors model settings tasks|telemetry wire|live store|access media|newsroom sync webhooks|desk slack|web|inbox"
    "|process|tools|cli_options|cli_access|cli|__main__"
)

FLOORS = {name: floor for floor, names in enumerate(ROOMS.split("|")) for name in names.split()}
"""The first part of a module's name below `stoppress`, and the floor it is on."""

OUTSIDE = (
    *("socket", "ssl", "select", "selectors", "sqlite3", "http", "urllib"),
    *("redis", "starlette", "uvicorn", "uvloop", "httptools", "httpx", "jinja2"),
    *("websockets.server", "websockets.client", "websockets.asyncio", "websockets.sync"),
    "stoppress.store",
)
"""Modules that the live core must not reach, with those below them: networks, stores and frameworks."""

ASYNCIO_IO = frozenset(
    "BaseProtocol BufferedProtocol DatagramProtocol Protocol SubprocessProtocol BaseTransport Transport StreamReader "
    "StreamWriter open_connection open_unix_connection start_server start_unix_server create_subprocess_exec".split()
)
"""Names of asyncio for connections: the core may use its events, not these."""

MAX_MODULES = 13
"""In one folder: any behaviour is found in two guesses from the names."""


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Names that a file imports, at its top or anywhere inside; `from a import b` may be the module a.b."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    return tuple(found)


def modules(root: Path = SERVER) -> dict[str, Path]:
    """Every module by its name; a package's name is that of its `__init__`."""
    named = {".".join([root.name, *path.relative_to(root).with_suffix("").parts]): path for path in root.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def chains(start: str, known: dict[str, Path]) -> dict[str, list[str]]:
    """Everything that a module reaches by imports, ours and others, each with a chain that leads there."""
    found = {start: [start]}
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module not in known:
            continue
        packages = [module.rpartition(".")[0]] if "." in module else []  # importing a.b runs a's __init__ as well
        for imported in (*imports(known[module]), *packages):
            if imported not in found:
                found[imported] = [*found[module], imported]
                waiting.append(imported)
    return found


def is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def uses_asyncio_io(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return sorted(attributes & ASYNCIO_IO)


def leaks(start: str, known: dict[str, Path]) -> list[str]:
    """How a module reaches what the live core must not: one line for each chain."""
    reached = chains(start, known)
    lines = [" -> ".join(chain) for module, chain in reached.items() if is_in(module, OUTSIDE)]
    for module, chain in reached.items():
        if module in known and (used := uses_asyncio_io(known[module])):
            lines.append(f"{' -> '.join(chain)} uses asyncio's {', '.join(used)}")
    return lines


def test_every_module_has_a_floor():
    assert {room(name) for name in modules() if room(name)} == set(FLOORS)


def test_no_import_goes_up_or_sideways():
    wrong = [
        f"{name} (floor {FLOORS[room(name)]}) imports {imported}"
        for name, path in modules().items()
        if room(name)
        for imported in imports(path)
        if imported.startswith("stoppress.")
        and room(imported) in FLOORS
        and room(imported) != room(name)
        and FLOORS[room(imported)] >= max(1, FLOORS[room(name)])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in modules() if room(name) in ("live", "wire", "model", "errors")])
def test_no_chain_of_imports_leads_from_the_core_to_a_network_or_a_store(name):
    assert leaks(name, modules()) == []


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("import socket", "core.live -> core.helper -> socket"),
        ("from core import store", "core.live -> core.helper -> core.store -> sqlite3"),
        ("import asyncio\nclass A(asyncio.Protocol): ...", "core.live -> core.helper uses asyncio's Protocol"),
    ],
)
def test_a_chain_over_another_module_is_found(tmp_path, text, chain):
    files = {"__init__": "", "live": "from core.helper import A", "helper": text, "store": "import sqlite3"}
    (tmp_path / "core").mkdir()
    for name, content in files.items():
        (tmp_path / "core" / f"{name}.py").write_text(content)
    assert chain in leaks("core.live", modules(tmp_path / "core"))


def test_starlette_lives_in_the_web_only():
    users = {
        room(name) for name, path in modules().items() for imported in imports(path) if is_in(imported, ("starlette",))
    }
    assert users <= {"web", "process"}


def test_folders_are_small():
    folders = {path.parent for path in modules().values()}
    sizes = {folder: sum(path.name != "__init__.py" for path in folder.glob("*.py")) for folder in folders}
    assert {str(folder): size for folder, size in sizes.items() if size > MAX_MODULES} == {}
