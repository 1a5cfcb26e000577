"""The place that a request comes from, and the reason for it, for the audit."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.requests import Request

from stoppress.newsroom.commits import Origin
from stoppress.web.admission.addresses import Addresses
from stoppress.web.problems import HTTPError

MAX_REASON_CHARACTERS = 500

_EXTENDED = "utf-8''"
"""The beginning of a value that is percent-encoded (RFC 8187): browsers send nothing but Latin-1 as it is."""


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Origins:
    """Finds the origin of requests.

    Args:
        addresses: finds the address of a client.
    """

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def of(self, request: Request) -> Origin:
        """Return the origin of a request. Raises `HTTPError` (400) if its reason is malformed."""
        peer = request.client.host if request.client else ""
        forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
        forwarded = ",".join(request.headers.getlist("forwarded"))
        return Origin(self._addresses.client(peer, forwarded_for, forwarded), _reason(request))


def _reason(request: Request) -> str:
    sent = request.headers.get("stoppress-reason", "").strip()
    is_encoded = sent.lower().startswith(_EXTENDED)
    reason = unquote(sent[len(_EXTENDED) :]) if is_encoded else _text(sent.encode("latin-1"))
    if len(reason) > MAX_REASON_CHARACTERS or _CONTROL.search(reason):
        limit = f"Stoppress-Reason must be one line of at most {MAX_REASON_CHARACTERS} characters"
        raise HTTPError(400, f"{limit}; got {len(reason)} characters.")
    return reason


def _text(sent: bytes) -> str:
    """Return the text of a header: UTF-8, or Latin-1 if it is not that."""
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return sent.decode("latin-1")
