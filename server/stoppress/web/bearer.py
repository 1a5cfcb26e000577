"""Check secrets in `Authorization: Bearer SECRET` (RFC 6750): editors' keys and the token of the metrics."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers

from stoppress.web.problems import HTTPError


def bearer_of(headers: Headers) -> str:
    """Return the secret that a request carries, decoded as latin-1, or "" if it carries none."""
    scheme, _, sent = headers.get("authorization", "").partition(" ")
    return sent.strip(" \t") if scheme.lower() == "bearer" else ""


def find_bearer(headers: Headers, secrets: Sequence[str]) -> int | None:
    """Return the index of the secret that a request carries, in UTF-8 like those of curl, or in latin-1 like browsers'.

    The function compares all secrets, so that its duration does not reveal which one matches.
    """
    sent = bearer_of(headers)
    found = None
    for index, secret in enumerate(secrets):
        expected = secret.encode(errors="surrogateescape")  # keeps bytes of the environment that are not UTF-8
        for encoding in ("latin-1", "utf-8"):  # Starlette has decoded the bytes as latin-1
            if hmac.compare_digest(sent.encode(encoding), expected):
                found = index
    return found if sent else None


def unauthorised(advice: str, realm: str = "stoppress") -> HTTPError:
    """Return the error (401) for a request without a valid secret."""
    return HTTPError(401, advice, {"www-authenticate": f'Bearer realm="{realm}"'})


def check_bearer(headers: Headers, secrets: Sequence[str], advice: str, realm: str = "stoppress") -> int:
    """Return the index of the secret that a request carries, as `find_bearer` does.

    Raises:
        HTTPError: 401 with the advice, because the request carries none of the secrets.
    """
    found = find_bearer(headers, secrets)
    if found is None:
        raise unauthorised(advice, realm)
    return found
