"""A check for Schemathesis: the decoder refuses no field that the document allows."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

NO_FRACTION = re.compile(r"Expected `int( \| null)?`, got `float`")
"""JSON Schema cannot tell 800.0 from 800; the server can, as it does for every other wrong type."""


@schemathesis.check
def the_decoder_agrees_with_the_schema(_context: Any, response: Any, case: Any) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    detail = response.json()["detail"]
    if "`$" in detail and not NO_FRACTION.match(detail):
        raise AssertionError(f"the document allows it, the server does not: {detail}")
