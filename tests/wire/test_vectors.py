"""The bytes of messages, against vectors that the JavaScript client's tests read as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import Raw, Struct

from stoppress.model import Entry, Header
from stoppress.wire.encodings import JSON, MSGPACK, Codec
from stoppress.wire.messages import Beat, Retry, Update

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text(encoding="utf-8"))


def vectors() -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS]


def message(plain: dict[str, Any], codec: Codec) -> Update | Beat | Retry:
    """The message that a server would send for a plain value."""

    def raw(value: dict[str, Any], kind: type[Struct]) -> Raw:
        return Raw(codec.serialise(msgspec.convert(value, kind)))

    fields = {name: value for name, value in plain.items() if name != "type"}
    if plain["type"] == "beat":
        return Beat(**fields)
    if plain["type"] == "retry":
        return Retry(**fields)
    fields["from_"] = fields.pop("from")
    fields["entries"] = [raw(entry, Entry) for entry in fields["entries"]]
    if "header" in fields:
        fields["header"] = raw(fields["header"], Header)
    return Update(**fields)


@pytest.mark.parametrize("vector", vectors())
def test_json_is_exactly_the_vectors(vector):
    assert JSON.serialise(message(vector["message"], JSON)).decode() == vector["json"]


@pytest.mark.parametrize("vector", vectors())
def test_msgpack_is_exactly_the_vectors(vector):
    assert MSGPACK.serialise(message(vector["message"], MSGPACK)).hex() == vector["msgpack"]


@pytest.mark.parametrize("vector", vectors())
def test_decoders_that_are_not_ours_read_the_message(vector):
    assert json.loads(vector["json"]) == vector["message"]
    assert msgpack.unpackb(bytes.fromhex(vector["msgpack"])) == vector["message"]
