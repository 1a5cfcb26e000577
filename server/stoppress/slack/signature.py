"""Who has sent a request: the signature of Slack, version v0."""

from __future__ import annotations

import hashlib
import hmac
import re

MAX_AGE_SECONDS = 300
"""Maximum difference between the time of a request and ours."""


class WrongSignature(ValueError):
    """The request is not from Slack, or not from now; the message says why."""


def check(secret: str, timestamp: str, signature: str, body: bytes, now: float) -> None:
    """Raise `WrongSignature` unless Slack has signed a body at about this time (Unix time in seconds)."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or not signature.startswith("v0="):
        raise WrongSignature("`X-Slack-Request-Timestamp` or `X-Slack-Signature` is missing or malformed")
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={expected}".encode(), signature.encode("utf-8", "replace")):
        raise WrongSignature("`X-Slack-Signature` does not fit the body and the signing secret")
    if abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        raise WrongSignature("`X-Slack-Request-Timestamp` is more than 5 minutes away; is the clock right?")
