"""Check secrets in `Authorization: Bearer SECRET` (RFC 6750): editors' keys and the token of the metrics."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers

from stoppress.web.problems import HTTPError


def check_bearer(headers: Headers, secrets: Sequence[str], advice: str, realm: str = "stoppress") -> int:
    """Return the index of the secret that a request carries.

    Clients may send the secret in UTF-8, like curl, or in latin-1, like browsers. The function compares all secrets, so
    that its duration does not reveal which one matches.

    Raises:
        HTTPError: 401 with the advice, because the request carries none of the secrets.
    """
    scheme, _, sent = headers.get("authorization", "").encode("latin-1").partition(b" ")
    sent = sent.strip(b" \t")  # only these two: the last byte of a letter may look like other spaces
    found = None
    for index, secret in enumerate(secrets):
        for form in _forms(secret):
            if hmac.compare_digest(sent, form):
                found = index
    if scheme.lower() != b"bearer" or found is None:
        raise HTTPError(401, advice, {"www-authenticate": f'Bearer realm="{realm}"'})
    return found


def _forms(secret: str) -> list[bytes]:
    utf_8 = secret.encode(errors="surrogateescape")  # keeps bytes of the environment that are not UTF-8
    try:
        return [utf_8, secret.encode("latin-1")]
    except UnicodeEncodeError:
        return [utf_8]
