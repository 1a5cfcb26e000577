"""The doctor's checks of the caches in front of a site: what they may keep, and what they do keep."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import httpx

_POLL_SECONDS = 0.5
_PAUSE_SECONDS = 1.2
"""Longer than a shared cache may keep `/changes`."""

_CHANGES_SECONDS = 1
_MAX_PAGE_SECONDS = 3_600
_TIMES = ("date", "last-modified")
_ADVICE = "make the proxies and the CDN obey the node's Cache-Control"


class CacheCheck:
    """Reads a page and the changes of a blog twice, and compares the answers.

    Args:
        http: the client for the site.
        page_max_age: STOPPRESS_PAGE_MAX_AGE; None: it is not known.
    """

    def __init__(self, http: httpx.AsyncClient, page_max_age: int | None) -> None:
        self._http = http
        self._page_max_age = page_max_age

    async def problem(self, page: httpx.Response, changes: httpx.Response, head: Callable[[], int | None]) -> str:
        """Return what is wrong, or nothing.

        Args:
            page: the first answer with the page of a blog.
            changes: the first answer with its changes.
            head: returns the head of the blog as far as another surface has seen it.
        """
        began, page_seconds = time.monotonic(), self._page_seconds(page)
        for answer, allowed in ((page, page_seconds), (changes, _CHANGES_SECONDS)):
            if (kept := kept_seconds(answer)) > allowed:
                header = answer.headers.get("cache-control", "")
                return f"{answer.url} has `Cache-Control: {header}` ({kept:g} s, {allowed} at most); {_ADVICE}"
        if await self._is_poll_cached(changes):
            return f"a cache keeps {changes.url}, because it answers a long poll at once; {_ADVICE}"
        new_page, new_changes = await self._http.get(page.url), await self._http.get(changes.url)
        for old, new, allowed in ((page, new_page, page_seconds), (changes, new_changes, _CHANGES_SECONDS)):
            if _age(old, new, time.monotonic() - began) > 2 * allowed:  # twice, for `stale-while-revalidate`
                return f"a cache keeps {old.url} for longer than {allowed} s; {_ADVICE}"
        if seq_of(new_changes.json()) < (head() or 0):
            return f"{changes.url} is older than what the WebSocket says; {_ADVICE}"
        return ""

    def _page_seconds(self, page: httpx.Response) -> int:
        if self._page_max_age is not None:
            return self._page_max_age
        return _MAX_PAGE_SECONDS if "s-maxage" in page.headers.get("cache-control", "") else 0

    async def _is_poll_cached(self, changes: httpx.Response) -> bool:
        """Ask twice for changes that do not exist. Only a cache answers the second request at once and the same."""
        params = {"since": changes.json()["cursor"], "wait": str(_POLL_SECONDS)}
        first = await self._http.get(changes.url, params=params)
        await asyncio.sleep(_PAUSE_SECONDS)
        began = time.monotonic()
        second = await self._http.get(changes.url, params=params)
        is_quick = time.monotonic() - began < _POLL_SECONDS / 2
        is_quiet = first.status_code == 200 and first.json()["cursor"] == params["since"]
        return is_quick and is_quiet and first.content == second.content


def kept_seconds(answer: httpx.Response) -> float:
    """Return for how long caches may keep an answer."""
    control = answer.headers.get("cache-control", "")
    named = [int(text) for text in re.findall(r'(?:max-age|s-maxage)="?([0-9]+)', control)]
    return max(named, default=0 if re.search("no-cache|no-store", control) else inf)


def seq_of(message: Mapping[str, Any]) -> int:
    """Return the seq of a message's cursor."""
    return int(message["cursor"].partition("-")[0])


def _age(old: httpx.Response, new: httpx.Response, seconds: float) -> float:
    """Return the age of an answer. It is as old as the one from `seconds` ago if it has the same times."""
    is_same = any(name in old.headers and old.headers[name] == new.headers.get(name) for name in _TIMES)
    age = new.headers.get("age", "")
    return max(seconds if is_same else 0, int(age) if age.isdecimal() else 0)
