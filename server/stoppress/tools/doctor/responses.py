"""Explains the answers of a site, and gives advice if they are not those of a node."""

from __future__ import annotations

import contextlib
import re

import httpx

_ADVICE = {
    400: "if the site takes only https, let its address begin with https://",
    401: "the site asks for a password; let readers in without one",
    403: "the proxy forbids it; check its access rules",
    404: "the proxy does not pass this address to the node; check its paths",
    413: "the proxy limits the size of bodies",
    429: "the proxy limits the rate of requests; let this machine ask more often",
    502: "the proxy cannot reach the node; start the node, or correct its address in the proxy",
    503: "the node or the proxy is overloaded or is not ready; check their logs",
    504: "the proxy gets no answer from the node; start the node, or correct its address in the proxy",
}
"""Advice, by the status of an answer that does not come from a node."""


def advice_for(status: int) -> str:
    """Return what a status from a proxy means and what to do."""
    if 300 <= status < 400:
        return "the proxy redirects it; let it pass the request to the node"
    return _ADVICE.get(status, "check the proxy")


def is_of_node(answer: httpx.Response) -> bool:
    """Return whether an error comes from Stoppress: programs get problem details."""
    return str(answer.headers.get("content-type")).startswith("application/problem+json")


def origin_of(url: httpx.URL | str) -> str:
    """Return scheme and host of an address, and its port unless that is the usual one. Raise `InvalidURL` for others.

    The texts of two addresses of one site are the same.
    """
    url = httpx.URL(url)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.InvalidURL("it must begin with http:// or https:// and a host")
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{'' if url.port is None else f':{url.port}'}"


def named_origin(page: str) -> str:
    """Return the origin that a page names as its own: that of its feeds, or of its canonical address; empty: none.

    The canonical address of a blog may be on another site, its feeds never are.
    """
    links = re.findall(r"<link\s[^>]*>", page)
    for relation in ("alternate", "canonical"):
        for link in links:
            found = re.search(r'href="(https?://[^"/]+)', link)
            if f'rel="{relation}"' in link and found:
                with contextlib.suppress(httpx.InvalidURL):
                    return origin_of(found[1])
    return ""
