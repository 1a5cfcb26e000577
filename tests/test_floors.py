"""The floors of the architecture: a module imports only from floors below its own, or from its own package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import stoppress

ROOT = Path(stoppress.__file__).parent

FLOORS = {
    "errors": 0,
    "model": 0,
    "settings": 0,
    "tasks": 0,
    "sockets": 1,
    "watch": 1,
    "wire": 1,
    "live": 2,
    "store": 2,
    "newsroom": 3,
    "follower": 3,
    "web": 4,
    "app": 5,
    "takeover": 5,
    "workers": 5,
    "demo": 6,
    "doctor": 6,
    "export": 6,
    "post": 6,
    "swarm": 6,
    "tail": 6,
    "top": 6,
    "cli": 7,
    "__main__": 8,
}
"""The first part of a module's name below `stoppress`, and the floor it is on."""

NETWORK = {"socket", "ssl", "starlette", "uvicorn", "httpx", "redis", "sqlite3", "jinja2"}
"""What the wire and the live core must not know."""


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "stoppress":
                yield from (f"stoppress.{alias.name}" for alias in node.names)


def modules() -> Iterator[tuple[str, Path]]:
    for path in ROOT.rglob("*.py"):
        name = ".".join(["stoppress", *path.relative_to(ROOT).with_suffix("").parts])
        if name != "stoppress.__init__":
            yield name, path


def test_every_module_has_a_floor():
    assert {room(name) for name, _ in modules()} == set(FLOORS)


def test_no_import_goes_up_or_sideways():
    wrong = [
        f"{name} (floor {FLOORS[room(name)]}) imports {imported}"
        for name, path in modules()
        for imported in imports(path)
        if room(imported) in FLOORS
        and imported.startswith("stoppress.")
        and room(imported) != room(name)
        and FLOORS[room(imported)] >= max(1, FLOORS[room(name)])
    ]
    assert wrong == []


def test_the_core_knows_no_network_and_no_store():
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules()
        if room(name) in ("errors", "model", "wire", "live")
        for imported in imports(path)
        if imported.split(".")[0] in NETWORK
    ]
    assert wrong == []


def test_starlette_lives_in_the_web_only():
    users = {room(name) for name, path in modules() for imported in imports(path) if imported.startswith("starlette")}
    assert users <= {"web", "app"}
