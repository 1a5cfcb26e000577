"""The description of the editors' surface is valid, and the server does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_rs import meta
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.support.node import RunningNode
from tests.support.paths import ROOT

SUPPORT = ROOT / "tests" / "support"

EXAMPLES = 40
"""Of each operation, in each phase that makes them up."""

METHODS = ("get", "put", "post", "patch", "delete")


@pytest.fixture
async def document(reader: httpx.AsyncClient) -> dict[str, Any]:
    answer = await reader.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    content: dict[str, Any] = answer.json()
    return content


async def test_the_document_is_valid_openapi_and_every_reference_in_it_leads_somewhere(document: dict[str, Any]):
    OPENAPI_31_VALIDATOR.validate(document)
    for schema in document["components"]["schemas"].values():
        meta.validate(schema)
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])


async def test_every_link_in_it_is_to_an_operation_of_it(document: dict[str, Any]):
    operations = [item[method] for item in document["paths"].values() for method in METHODS if method in item]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == 10
    for operation in operations:
        for response in operation["responses"].values():
            assert {link["operationId"] for link in response.get("links", {}).values()} <= set(names)


async def test_the_page_names_every_operation_and_every_field(reader: httpx.AsyncClient, document: dict[str, Any]):
    answer = await reader.get("/api/docs")
    assert answer.headers["content-type"].startswith("text/html")
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                assert f"{method.upper()} {path}" in answer.text
    for field in document["components"]["schemas"]["EntryForm"]["properties"]:
        assert f"<code>{field}</code>" in answer.text


@pytest.mark.slow
async def test_schemathesis_finds_nothing(node: RunningNode, editor: httpx.AsyncClient, blog: str, tmp_path: Path):
    settings = (SUPPORT / "schemathesis.toml").read_text() + await _targets(editor, blog)
    (tmp_path / "schemathesis.toml").write_text(settings)
    run = subprocess.run(  # noqa: ASYNC221, nothing else runs in this test
        [
            *(Path(sys.executable).with_name("schemathesis"), "--no-color", "--config-file", "schemathesis.toml"),
            *("run", f"{node.url}/api/openapi.json", "--max-examples", str(EXAMPLES)),
            *("--header", f"Authorization: Bearer {node.key}"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"),
        ],
        cwd=tmp_path,  # it keeps a cache where it is started
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(SUPPORT / "schemathesis_hooks.py")},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    found = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert found and found[1] == found[2], run.stdout
    print(f"schemathesis: {found[0]}")  # noqa: T201, the count is asked for
    assert int(found[1]) > 1_000


async def _targets(editor: httpx.AsyncClient, blog: str) -> str:
    """Configuration that leads to a blog and entries that exist, so that more than 404 is tested."""
    lines = []
    for operation in ("listEntries", "createEntry", "getEntry", "patchEntry", "retractEntry", "patchBlog"):
        lines += [
            "[[operations]]",
            f'include-operation-id = "{operation}"',
            "[operations.parameters]",
            f'blog = "{blog}"',
        ]
        if operation in ("getEntry", "patchEntry", "retractEntry"):
            entry = (await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": operation})).json()["id"]
            lines.append(f'entry = "{entry}"')
    return "\n" + "\n".join(lines) + "\n"
