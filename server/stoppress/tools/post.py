"""`stoppress post`: publish one entry from a terminal."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from stoppress.errors import StoppressError


def post(url: str, key: str, blog: str, entry: dict[str, Any], *, create: bool) -> httpx.Response:
    """Publish an entry. With `create`, create the blog first if it does not exist.

    Raises:
        StoppressError: the server cannot be reached or rejects the entry. The message says why.
    """
    if not key.isprintable():
        raise StoppressError("the API key contains characters that cannot be sent; copy it again")
    try:
        with httpx.Client(base_url=url, headers={b"authorization": f"Bearer {key}".encode()}, timeout=30) as client:
            address = f"/api/blogs/{quote(blog, safe='')}"
            if create and client.get(address).status_code == 404:
                _checked(client.put(address, json={}))
            return _checked(client.post(f"{address}/entries", json=entry))
    except UnicodeEncodeError:
        raise StoppressError("the text is not valid UTF-8; save it as UTF-8 and try again") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise StoppressError(f"cannot reach {url}: {error}; check --url and that the server is running") from None


def _checked(answer: httpx.Response) -> httpx.Response:
    try:
        content = answer.json()
        detail = "" if answer.is_success else content["detail"]
    except (ValueError, KeyError, TypeError):
        status = f"{answer.status_code} {answer.reason_phrase}"
        raise StoppressError(f"{answer.url} is not a Stoppress server; it answered with {status}") from None
    if detail:
        raise StoppressError(f"the server rejected the entry ({answer.status_code}): {detail}")
    return answer
