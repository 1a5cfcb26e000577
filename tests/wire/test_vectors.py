"""The bytes of messages, against vectors that the JavaScript client's tests read as well."""

from __future__ import annotations

import json
import re
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import Raw, Struct
from starlette.requests import Request

from stoppress.errors import BlogNotFound, MalformedCursor, StoreUnavailable
from stoppress.model import Entry, Header
from stoppress.web.problems import problem_of
from stoppress.wire.close_reasons import STORE_RETRY
from stoppress.wire.encodings import JSON, MSGPACK, Codec
from stoppress.wire.messages import Beat, Retry, SampleRequest, ShownUpdate, Update
from tests.support.paths import ROOT

VECTORS, VALUES, HTML, CLOSING = (
    json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("messages", "msgpack", "html", "closing")
)


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def message(plain: dict[str, Any], codec: Codec) -> Update | Beat | Retry | SampleRequest:
    """The message that a server would send for a plain value."""

    def raw(value: dict[str, Any], kind: type[Struct]) -> Raw:
        return Raw(codec.serialise(msgspec.convert(value, kind)))

    fields = {name: value for name, value in plain.items() if name != "type"}
    if plain["type"] == "beat":
        return Beat(**fields)
    if plain["type"] == "retry":
        return Retry(**fields)
    if plain["type"] == "sample":
        return SampleRequest(**fields)
    fields["from_"] = fields.pop("from")
    fields["entries"] = [raw(entry, Entry) for entry in fields["entries"]]
    if "header" in fields:
        fields["header"] = raw(fields["header"], Header)
    return Update(**fields)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_messages_are_exactly_the_vectors(vector):
    assert JSON.serialise(message(vector["message"], JSON)).decode() == vector["json"]
    assert MSGPACK.serialise(message(vector["message"], MSGPACK)).hex() == vector["msgpack"]
    assert json.loads(vector["json"]) == msgpack.unpackb(bytes.fromhex(vector["msgpack"])) == vector["message"]


@pytest.mark.parametrize("vector", HTML, ids=name_of)
def test_html_is_exactly_the_vectors(vector):
    update = msgspec.convert(vector["message"], ShownUpdate)
    assert msgspec.json.encode(update).decode() == vector["json"]
    assert json.loads(vector["json"]) == vector["message"]


@pytest.mark.parametrize("vector", VALUES, ids=name_of)
def test_values_of_every_size_are_exactly_the_vectors(vector):
    assert msgspec.msgpack.encode(vector["value"]).hex() == vector["msgpack"]
    assert msgpack.unpackb(bytes.fromhex(vector["msgpack"])) == vector["value"]


def test_clients_stop_at_exactly_the_codes_that_the_protocol_calls_terminal():
    protocol = (ROOT / "docs" / "reference" / "protocol.md").read_text(encoding="utf-8")
    table = {
        int(code): action for code, action in re.findall(r"^\| `(\d{4})` \|.*\| ([^|]+) \|$", protocol, re.MULTILINE)
    }
    then = {vector["code"]: vector["then"] for vector in CLOSING["codes"]}
    assert {code for code, action in table.items() if "stop" in action} == {
        code for code in then if then[code] != "come back" and code in table
    }
    assert set(table) <= set(then)


def test_what_the_server_says_of_coming_back_is_among_the_vectors():
    said = [vector["retry"] for vector in CLOSING["retries"]]
    assert json.loads(JSON.serialise(STORE_RETRY)) in said
    assert json.loads(JSON.serialise(Retry(min=0, max=12_000))) in said


@pytest.mark.parametrize(
    ("error", "code"), [(MalformedCursor("x"), 4400), (BlogNotFound("demo"), 4404), (StoreUnavailable("x"), 1006)]
)
def test_an_error_over_http_is_what_the_vectors_make_of_its_status(error, code):
    answer = problem_of(Request({"type": "http", "headers": []}), error)
    assert {"status": answer.status_code, "code": code} in CLOSING["statuses"]
    assert answer.media_type == "application/problem+json"
