"""The choice of a store by its address."""

from __future__ import annotations

from collections.abc import Callable

from stoppress.errors import StartError
from stoppress.store.past.port import Keep
from stoppress.store.port import Store
from stoppress.store.sqlite.store import SQLiteStore

REDIS_SCHEMES = "redis rediss unix redis+sentinel rediss+sentinel redis+cluster rediss+cluster".split()


def store_from(
    url: str,
    traceparent: Callable[[], str] = str,
    count_error: Callable[[str], object] = str,
    keep: Keep = Keep(),  # noqa: B008, it cannot change
) -> Store:
    """Return the store at an address, not yet opened.

    Args:
        url: `sqlite:PATH` (also `sqlite:///ABSOLUTE/PATH`), or one of `REDIS_SCHEMES`.
        traceparent: returns the trace context of the running commit.
        count_error: called with the name of an operation of the store's own that failed.
        keep: how much to keep of the past.

    Raises:
        StartError: the scheme is unknown, or the address is wrong.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return SQLiteStore(SQLiteStore.path_of(url), count_error, keep)
    if scheme in REDIS_SCHEMES and rest.startswith("//"):
        from stoppress.store.redis.store import RedisStore  # a tenth of a second that embedded stores do not need

        return RedisStore(url, traceparent, keep)
    # Do not show the whole address: it may contain a password.
    raise StartError(
        f"--store has the unknown scheme {scheme[:20]!r}; use sqlite:PATH for one node, or "
        "redis://HOST:PORT/DATABASE, rediss://... (TLS), unix://SOCKET, redis+sentinel://... or redis+cluster://... "
        "for several"
    )
