"""Extensions of Schemathesis: a check of our own, and a header and bodies that it cannot generate."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

WRONG_FIELD = re.compile(
    r"Unknown field `"
    r"|(`[^`]*`|The body) needs the field `"
    r"|(`[^`]*`|The body) must be (an object|text|a list|true|a whole number|a time|an http|a language)"
    r"|`(type|status)` must be "
)
"""The beginning of each message of `stoppress.web.validation`; the newsroom's own rules have others."""

NO_FRACTION = re.compile(r"`[^`]*` must be a whole number.*; got -?\d+(\.0|e\+?\d+)\.$")
"""JSON Schema cannot tell 800.0 from 800; the server can, as it does for every other wrong type."""


@schemathesis.check
def the_decoder_agrees_with_the_schema(_context: Any, response: Any, case: Any) -> None:
    """Check that the server accepts every field that the document allows."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    detail = response.json()["detail"]
    if WRONG_FIELD.match(detail) and not NO_FRACTION.match(detail):
        raise AssertionError(f"the document allows it, the server does not: {detail}")


@schemathesis.serializer("image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
def image_bytes(_context: Any, value: Any) -> bytes:
    """Return a body that says that it is an image."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """The coverage phase makes headers of letters and digits only (HEADER_ALLOWED_CHARS in its `_wire.py`) and then
    ignores a pattern that wants more, such as the quotes of an ETag. Where it means a valid one, it gets one.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if str((case.headers or {}).get("If-Match", "")).isalnum():
        case.headers["If-Match"] = '"1"'
    if str((case.headers or {}).get("Stoppress-Draft", "")).isalnum():
        del case.headers["Stoppress-Draft"]
