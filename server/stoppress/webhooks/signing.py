"""Standard Webhooks (https://www.standardwebhooks.com): ids, secrets and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"

_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def message_id(*parts: str) -> str:
    """Return the id of a message: the same for the same parts, on every node and in every attempt."""
    return "msg_" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def signed_headers(secret: str, message: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sent a body, and when (Unix time in seconds)."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signature = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
