"""Validation errors in plain English: the field, the allowed values, and the value that was sent.

msgspec's own messages speak of types and regular expressions. So they only give the path of the wrong value here; the
type at that path gives the allowed values, and the body gives the value that was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from stoppress.errors import BadInput
from stoppress.model import URL_PATTERN
from stoppress.newsroom.forms import LANGUAGE_PATTERN, TIMEZONE_PATTERN

_MAX_SHOWN_CHARACTERS = 60

PATTERNS = {
    URL_PATTERN: "an http:// or https:// address without spaces",
    LANGUAGE_PATTERN: "a language tag such as en or pt-BR",
    TIMEZONE_PATTERN: "a time zone such as Europe/Berlin",
}


def bad_input(error: msgspec.ValidationError, form: type, decode: Callable[[], Any]) -> BadInput:
    """Return the error for a body that is not a valid `form`.

    Args:
        error: the error of msgspec.
        form: the expected type of the body.
        decode: decodes the body without a type; it may raise.
    """
    found = re.search(r" - at `\$\.?([^`]*)`$", str(error))
    path = found[1] if found else ""
    kind = _find_type(inspect.type_info(form), path)
    if unknown := re.match(r"Object contains unknown field `(.*?)`(?: - at|$)", str(error), re.DOTALL):
        inside = f" in `{path}`" if path else ""
        name = unknown[1][:_MAX_SHOWN_CHARACTERS]
        return BadInput(f"Unknown field `{name}`{inside}. Allowed fields: {', '.join(_fields(kind))}.", unknown[1])
    subject = f"`{path}`" if path else "The body"
    if missing := re.match(r"Object missing required field `([^`]*)`", str(error)):
        return BadInput(f"{subject} needs the field `{missing[1]}`.", path or None)
    if "`key` in" in str(error):
        return BadInput("The names of all fields must be text.")
    return BadInput(f"{subject} must be {_allowed(kind)}{_got(path, decode)}.", path or None)


def _parts(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _find_type(kind: inspect.Type, path: str) -> inspect.Type:
    for part in _parts(path):
        for option in _options(kind):
            if isinstance(option, inspect.ListType):
                kind = option.item_type
            elif isinstance(option, inspect.StructType):
                kind = {field.encode_name: field.type for field in option.fields}[part]
    return kind


def _find_value(value: Any, path: str) -> Any:
    for part in _parts(path):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _options(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _fields(kind: inspect.Type) -> list[str]:
    structs = (option for option in _options(kind) if isinstance(option, inspect.StructType))
    return [field.encode_name for struct in structs for field in struct.fields]


def _allowed(kind: inspect.Type) -> str:
    """Describe the values of a type, as in "text of at most 500 characters or null"."""
    *words, last = [word for option in _options(kind) for word in _describe(option)]
    return f"{', '.join(words)} or {last}" if words else last


def _describe(kind: inspect.Type) -> list[str]:
    match kind:
        case inspect.StrType(pattern=str(pattern)):
            return [PATTERNS[pattern]]
        case inspect.StrType(min_length=least, max_length=most):
            return ["text" + _size(least, most, "characters")]
        case inspect.ListType(min_length=least, max_length=most):
            return ["a list" + _size(least, most, "items")]
        case inspect.IntType(ge=least, le=most):
            return [f"a whole number from {least} to {most}"]
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case inspect.DateTimeType():
            return ["a time with a time zone, such as 2020-10-09T06:12:00Z"]
        case inspect.BoolType():
            return ["true", "false"]
    return ["null" if isinstance(kind, inspect.NoneType) else "an object"]


def _size(least: int | None, most: int | None, unit: str) -> str:
    if most is None:
        return ""
    return f" of {least} to {most} {unit}" if least else f" of at most {most} {unit}"


def _got(path: str, decode: Callable[[], Any]) -> str:
    """Describe the value that was sent, or nothing where the body cannot be decoded or is too deep."""
    try:
        value = _find_value(decode(), path)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError, LookupError, TypeError):
        return ""
    if isinstance(value, dict):
        return "; got an object"
    if isinstance(value, list):
        return f"; got a list of {len(value)} items"
    if isinstance(value, str) and len(value) > _MAX_SHOWN_CHARACTERS:
        return f"; got text of {len(value)} characters"
    if value is None or isinstance(value, str | bool | int | float):
        return f"; got {json.dumps(value, ensure_ascii=False)[: 2 * _MAX_SHOWN_CHARACTERS]}"
    return "; got binary data"
