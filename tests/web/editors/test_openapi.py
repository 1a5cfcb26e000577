"""The description of the editors' surface is valid, and the server does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator, meta
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.support.fixtures import BEAT, Post
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.paths import ROOT

SUPPORT = ROOT / "tests" / "support"

EXAMPLES = 20
"""Of each operation, in each phase that makes them up."""

METHODS = ("get", "put", "post", "patch", "delete")

EDITORS, READERS = "/api/openapi.json", "/api/openapi-readers.json"


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node that takes many wrong keys: Schemathesis tries one at each operation."""
    store = sqlite_url(tmp_path_factory.mktemp("store"))
    async with RunningNode(store, STOPPRESS_BEAT=str(BEAT), STOPPRESS_MAX_GUESSES="10000") as node:
        yield node


@pytest.fixture(params=[EDITORS, READERS])
async def document(reader: httpx.AsyncClient, request: pytest.FixtureRequest) -> dict[str, Any]:
    answer = await reader.get(request.param)
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
    assert len(set(names)) == len(names) >= 8
    for operation in operations:
        for response in operation["responses"].values():
            assert {link["operationId"] for link in response.get("links", {}).values()} <= set(names)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """Yield path, method, operation and parameters."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item.get("parameters", []) + item[method]["parameters"]


def undescribed(document: dict[str, Any]) -> Iterator[str]:
    """Yield each part without the description or the example that it needs."""
    for _path, _method, operation, parameters in operations(document):
        bodies = {"body": operation["requestBody"]} if "requestBody" in operation else {}
        parts = {"": operation, **{one["name"]: one for one in parameters}, **operation["responses"], **bodies}
        for response in operation["responses"].values():
            parts |= response.get("headers", {})
        for name, part in parts.items():
            contents = [part] if "schema" in part else part.get("content", {}).values()
            if not part.get("description") or any("example" not in content for content in contents):
                yield f"{operation['operationId']} {name}"
    for kind, schema in document["components"]["schemas"].items():
        for field, type_ in {"": schema, **schema["properties"]}.items():
            if not type_.get("description"):
                yield f"{kind}.{field}"


async def test_everything_has_a_description_and_an_example(document: dict[str, Any]):
    assert list(undescribed(document)) == []


async def test_answers_that_carry_more_than_a_body_say_so(reader: httpx.AsyncClient):
    document = (await reader.get(EDITORS)).json()
    for _path, _method, operation, _parameters in operations(document):
        answers = operation["responses"]
        assert all("Location" in answers[status]["headers"] for status in answers if status == "201")
        assert all("Retry-After" in answers[status]["headers"] for status in answers if status in ("429", "503"))
        assert all("ETag" in answers[status]["headers"] for status in answers if status in ("304", "412"))


async def test_examples_are_valid_and_the_same_twice(editor: httpx.AsyncClient, document: dict[str, Any]):
    for path, method, operation, parameters in operations(document):
        if operation["operationId"] in ("getEvents", "deleteBlog"):
            continue
        example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        query = {one["name"]: one["example"] for one in parameters if one["in"] == "query" and one["name"] != "wait"}
        for one in parameters:
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
        headers = operation.get("x-curl-headers", {})
        first, second = [
            await editor.request(method, path, json=example, headers=headers, params=query) for _ in range(2)
        ]
        assert str(first.status_code) in operation["responses"], first.text
        assert first.status_code != 422, first.text
        if operation["operationId"] == "putBlog":
            assert (first.status_code, second.status_code) == (201, 412)
        if operation["operationId"] == "createEntry":
            assert (first.json(), second.headers["idempotency-replayed"]) == (second.json(), "true")


async def test_what_readers_get_fits_the_document(reader: httpx.AsyncClient, post: Post, blog: str):
    document = (await reader.get(READERS)).json()
    await post(title="T", authors=[{"name": "A"}], corrections=[{"text": "C"}])
    for path, kind in (("changes", "Update"), ("changes?since=0", "Update"), ("entries", "Page")):
        schema = {"$ref": f"#/components/schemas/{kind}", "components": document["components"]}
        Draft202012Validator(schema).validate((await reader.get(f"/blogs/{blog}/{path}")).json())


async def test_the_page_names_every_operation_and_every_field_in_words(
    reader: httpx.AsyncClient, document: dict[str, Any]
):
    answer = await reader.get("/api/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"] and "<script" not in answer.text
    assert not re.search(r"anyOf|\$ref|maxLength|\(\?!|(?<!-)None|Undefined", answer.text)
    for path, method, operation, _parameters in operations(document):
        name = operation["operationId"]
        section = answer.text.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        assert f"{method.upper()} {path}" in section and "curl " in section and f'href="#{name}"' in answer.text
    for schema in document["components"]["schemas"].values():
        assert all(f"<code>{field}</code>" in answer.text for field in schema["properties"])
    assert set(re.findall(r'href="#(\w+)"', answer.text)) <= set(re.findall(r'id="(\w+)"', answer.text))


@pytest.mark.release
@pytest.mark.slow
async def test_schemathesis_finds_nothing(node: RunningNode, editor: httpx.AsyncClient, blog: str, tmp_path: Path):
    settings = (SUPPORT / "schemathesis.toml").read_text() + await _targets(editor, blog)
    (tmp_path / "schemathesis.toml").write_text(settings)
    run = subprocess.run(  # noqa: ASYNC221, nothing else runs in this test
        [
            *(Path(sys.executable).with_name("schemathesis"), "--no-color", "--config-file", "schemathesis.toml"),
            *("run", f"{node.url}/api/openapi.json", "--max-examples", str(EXAMPLES)),
            *("--header", f"Authorization: Bearer {ADMIN_KEY}"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"),
        ],
        cwd=tmp_path,  # it keeps a cache where it is started
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(SUPPORT / "schemathesis_hooks.py")},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    found = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert found and found[1] == found[2], run.stdout
    print(f"schemathesis: {found[0]}")  # noqa: T201, the count is asked for
    assert int(found[1]) > 1_000


async def _targets(editor: httpx.AsyncClient, blog: str) -> str:
    """Configuration that leads to a blog and entries that exist, so that more than 404 is tested."""
    lines = []
    of_an_entry = ("getEntry", "patchEntry", "retractEntry", "listVersions")
    for operation in ("listEntries", "createEntry", *of_an_entry, "patchBlog"):
        lines += [
            "[[operations]]",
            f'include-operation-id = "{operation}"',
            "[operations.parameters]",
            f'blog = "{blog}"',
        ]
        if operation in of_an_entry:
            entry = (await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": operation})).json()["id"]
            lines.append(f'entry = "{entry}"')
    return "\n" + "\n".join(lines) + "\n"
