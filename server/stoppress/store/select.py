"""Which store an address means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stoppress.errors import StartError
from stoppress.store.port import Store
from stoppress.store.redis.store import RedisStore
from stoppress.store.sqlite import SQLiteStore


def store_from(url: str, traceparent: Callable[[], str] = str) -> Store:
    """The store at an address, not opened yet.

    Args:
        url: `sqlite:PATH` (also `sqlite:///ABSOLUTE/PATH`), `redis://`, `rediss://` or `unix://`.
        traceparent: says which trace the running commit belongs to.

    Raises:
        StartError: there is no such kind of store, or the address is wrong.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return SQLiteStore(sqlite_path(url))
    if scheme in ("redis", "rediss", "unix") and rest.startswith("//"):
        return RedisStore(url, traceparent)
    # Not the whole of it: it may carry a password.
    raise StartError(
        f"--store begins with {scheme[:20]!r}, which is no kind of store: give sqlite:PATH for one node, or "
        "redis://HOST:PORT/DATABASE, rediss://... (TLS) or unix://SOCKET for several"
    )


def sqlite_path(url: str) -> Path:
    """The file that `sqlite:PATH` names. Raises `StartError` if it is none."""
    rest = url.removeprefix("sqlite:")
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if not Path(path).name or path.startswith("//") or path == ":memory:":
        raise StartError(f"the store sqlite:{rest} names no file: give a path, as in sqlite:stoppress.db")
    return Path(path)
