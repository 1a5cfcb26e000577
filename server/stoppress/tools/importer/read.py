"""Find out what a file is, read it, and check every field of it as the server will."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stoppress.errors import BadInput, StartError
from stoppress.newsroom.forms import HeaderForm
from stoppress.newsroom.imports import ImportForm
from stoppress.tools.importer import feeds, wordpress
from stoppress.tools.importer.found import BlogFile, Found, WrongFile
from stoppress.tools.importer.lines import read_lines
from stoppress.tools.importer.safe_xml import elements
from stoppress.web.validation import bad_input

ARCHIVE_LINES = "blog.jsonl"
"""The file of an archive (`stoppress export`) that can be imported."""

_MAX_FILE_BYTES = 1024 * 1024 * 1024

_PIECE_BYTES = 64 * 1024

_MAX_ERRORS = 20

_WXR = b"wordpress.org/export/"

_LATER = frozenset(("pinned", "summary"))
"""Fields of a header that name entries, so that they can only be set when the entries are there."""


def read(file: str, post: str = "") -> BlogFile:
    """Return the checked content of a file, of an archive, or of standard input (`-`).

    Args:
        file: its path.
        post: the number or slug of the post of a WordPress export.

    Raises:
        StartError: it cannot be read, or something in it is wrong; the message names up to 20 lines.
    """
    path = Path(file) / ARCHIVE_LINES if file != "-" and Path(file).is_dir() else Path(file)
    try:
        if file == "-":
            content = _read(io.BytesIO(sys.stdin.buffer.read(_MAX_FILE_BYTES + 1)), post)
        else:
            with path.open("rb") as opened:
                content = _read(opened, post)
    except OSError as error:
        raise StartError(f"cannot read {path}: {error.strerror}; check the path") from None
    except WrongFile as error:
        raise StartError(f"{path}, {error}") from None
    errors = list(_errors(content))
    if errors:
        more = f"; and {len(errors) - _MAX_ERRORS} more" if errors[_MAX_ERRORS:] else ""
        raise StartError(f"{path}: {'; '.join(errors[:_MAX_ERRORS])}{more}")
    return content


def later_fields(header: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a header that can only be set when the entries are there."""
    return {name: header[name] for name in header.keys() & _LATER}


def _read(opened: BinaryIO, post: str) -> BlogFile:
    size = opened.seek(0, io.SEEK_END)
    opened.seek(0)
    if size > _MAX_FILE_BYTES:
        raise StartError(f"the file has more than {_MAX_FILE_BYTES // 1024**3} GB; split it")
    begin = opened.read(_PIECE_BYTES)
    opened.seek(0)
    if not begin.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        return _read_lines(opened)
    pieces = iter(lambda: opened.read(_PIECE_BYTES), b"")
    if _WXR in begin:
        return wordpress.read_wordpress(elements(pieces, wordpress.is_whole), post)
    return feeds.read_feed(elements(pieces, feeds.is_whole))


def _read_lines(opened: BinaryIO) -> BlogFile:
    text = io.TextIOWrapper(opened, encoding="utf-8-sig")
    try:
        return read_lines(text)
    except UnicodeDecodeError:
        raise WrongFile(1, "it is neither XML nor JSON lines in UTF-8") from None
    finally:
        text.detach()


def _errors(content: BlogFile) -> Iterator[str]:
    """Yield what the server would reject, with its line."""
    if content.header is not None:
        yield from _wrong(content.header, HeaderForm)
    for entry in content.entries:
        yield from _wrong(entry, ImportForm)
    if not content.entries and content.header is None:
        yield "there is nothing to import in it"


def _wrong(found: Found, form: type[Any]) -> Iterator[str]:
    try:
        filled = msgspec.convert(found.fields, form)
    except msgspec.ValidationError as error:
        whole = "The header" if form is HeaderForm else "The entry"
        yield f"line {found.line}: {bad_input(error, form, lambda: found.fields, whole)}"
        return
    latest = datetime.now(UTC) + timedelta(minutes=1)
    for name in ("published_at", "updated_at", "retracted_at"):
        at = getattr(filled, name, None)
        if isinstance(at, datetime) and at > latest:
            yield f"line {found.line}: {BadInput(f'`{name}` must not be in the future; got {at.isoformat()}.')}"
    if isinstance(filled, ImportForm) and filled.status == "scheduled" and not filled.publish_at:
        yield f"line {found.line}: A scheduled entry needs `publish_at`."
    if len(json.dumps(found.fields).encode()) > 2 * 1024 * 1024:
        yield f"line {found.line}: The entry has more than 2 MB."
