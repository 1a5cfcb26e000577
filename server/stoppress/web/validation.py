"""Errors of wrong input in plain English: the field, the allowed values, and the value that was sent.

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
from starlette.requests import Request

from stoppress.access.keys import BLOGS_PATTERN, NAME_PATTERN
from stoppress.desk.presence import EDITING_PATTERN, TAB_PATTERN
from stoppress.errors import BadInput, BadQuery
from stoppress.model import IMAGE_TYPE_PATTERN, MEDIA_URL_PATTERN, URL_PATTERN
from stoppress.newsroom.forms import LANGUAGE_PATTERN, TIMEZONE_PATTERN
from stoppress.newsroom.imports import ENTRY_ID

_MAX_SHOWN_CHARACTERS = 60

PATTERNS = {
    NAME_PATTERN: "1 to 64 letters, digits, '.', '_', '@' or '-', with a letter or digit first",
    BLOGS_PATTERN: "the name of a blog, or a pattern such as sport-*",
    ENTRY_ID: "a UUID in lower case",
    URL_PATTERN: "an http:// or https:// address without spaces",
    MEDIA_URL_PATTERN: "an http:// or https:// address without spaces, or the address of an uploaded image",
    IMAGE_TYPE_PATTERN: "a type such as image/avif",
    LANGUAGE_PATTERN: "a language tag such as en or pt-BR",
    TIMEZONE_PATTERN: "a time zone such as Europe/Berlin",
    TAB_PATTERN: "8 to 64 letters, digits, '_' or '-'",
    EDITING_PATTERN: "the id of an entry, or new",
}


def check_query(request: Request, *names: str) -> None:
    """Raise `BadQuery` if the query has other parameters than these."""
    for name in request.query_params:
        if name not in names:
            allowed = f"Allowed parameters: {', '.join(names)}." if names else "This request takes no parameters."
            name = name[:_MAX_SHOWN_CHARACTERS]
            raise BadQuery(f"Unknown parameter {name!r}. {allowed}", name)


def number(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number from the query, 1 to `most`. Raises `BadQuery`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise BadQuery(f"`{name}` must be a whole number from 1 to {most}; got {text[:80]!r}.", name)
    return int(text)


def bad_input(
    error: msgspec.ValidationError, form: type, decode: Callable[[], Any], whole: str = "The body"
) -> BadInput:
    """Return the error for a body that is not a valid `form`; `decode` decodes it without a type, and may raise.

    `whole` names the body in the error.
    """
    found = re.search(r" - at `\$\.?([^`]*)`$", str(error))
    path = found[1] if found else ""
    parts = re.findall(r"[^.\[\]]+", path)
    options = _options(inspect.type_info(form), parts)
    if unknown := re.match(r"Object contains unknown field `(.*?)`(?: - at|$)", str(error), re.DOTALL):
        name = unknown[1][:_MAX_SHOWN_CHARACTERS] + (f"` in `{path}" if path else "")
        fields = [field.encode_name for one in options if isinstance(one, inspect.StructType) for field in one.fields]
        return BadInput(f"Unknown field `{name}`. Allowed fields: {', '.join(fields)}.", unknown[1])
    subject = f"`{path}`" if path else whole
    if missing := re.match(r"Object missing required field `([^`]*)`", str(error)):
        return BadInput(f"{subject} needs the field `{missing[1]}`.", path or None)
    if "`key` in" in str(error):
        return BadInput("The names of all fields must be text.")
    *words, last = [word for option in options for word in _describe(option)]
    allowed = f"{', '.join(words)} or {last}" if words else last
    return BadInput(f"{subject} must be {allowed}{_got(decode, parts)}.", path or None)


def _options(kind: inspect.Type, parts: list[str]) -> tuple[inspect.Type, ...]:
    """Return the types that a value may have at a path within a type."""
    options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for option in options if parts else ():
        if isinstance(option, inspect.ListType):
            return _options(option.item_type, parts[1:])
        if isinstance(option, inspect.StructType):
            return _options(next(field.type for field in option.fields if field.encode_name == parts[0]), parts[1:])
    return options


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
        case inspect.FloatType(ge=least, le=most):
            return [f"a number from {least} to {most}"]
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


def _got(decode: Callable[[], Any], parts: list[str]) -> str:
    """Describe the value at a path, or nothing where the body cannot be decoded or is too deep."""
    try:
        value = decode()
        for part in parts:
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError, LookupError, TypeError):
        return ""
    match value:
        case dict():
            return "; got an object"
        case list():
            return f"; got a list of {len(value)} items"
        case str() if len(value) > _MAX_SHOWN_CHARACTERS:
            return f"; got text of {len(value)} characters"
        case None | str() | bool() | int() | float():
            return f"; got {json.dumps(value, ensure_ascii=False)[: 2 * _MAX_SHOWN_CHARACTERS]}"
    return "; got binary data"
