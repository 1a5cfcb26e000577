"""What `stoppress post` does: publish one entry from a terminal."""

from __future__ import annotations

from typing import Any

import httpx

from stoppress.errors import StoppressError


def post(url: str, key: str, blog: str, entry: dict[str, Any], *, create: bool) -> httpx.Response:
    """Publish an entry; with `create`, make the blog first if it is not there.

    Raises:
        StoppressError: the server cannot be reached, or refuses; the message says why.
    """
    try:
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30) as client:
            address = f"/api/blogs/{blog}"
            if create and client.get(address).status_code == 404:
                _checked(client.put(address, json={}))
            return _checked(client.post(f"{address}/entries", json=entry))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StoppressError(f"cannot reach {url}: {error}; is the server running there?") from None


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        raise StoppressError(f"the server refused ({answer.status_code}): {detail}")
    return answer
