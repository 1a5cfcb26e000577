"""Tokens for readers, signed as a publisher signs them."""

from __future__ import annotations

import base64
import hmac
import json
import time
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

SECRET = "a-secret-of-the-tests-that-is-long-enough"

HMAC = OctKey.import_key(SECRET)


class _Registry(jws.JWSRegistry):
    max_header_length = max_payload_length = 100_000

    def get_alg(self, name: str) -> Any:
        """Return an algorithm, without a warning that EdDSA has a new name."""
        return self.algorithms[name]


Key = OctKey | RSAKey | ECKey | OKPKey


def claims(blogs: Any = ("*",), seconds: float = 3_600, **others: Any) -> dict[str, Any]:
    return {"sub": "ann", "blogs": list(blogs), "exp": time.time() + seconds, **others}


def signed(
    content: dict[str, Any] | bytes | None = None, key: Key = HMAC, algorithm: str = "HS256", **header: Any
) -> str:
    """Return a token; without content, one that opens every blog for an hour."""
    payload = content if isinstance(content, bytes) else json.dumps(claims() if content is None else content).encode()
    registry = _Registry(strict_check_header=False)
    return jws.serialize_compact({"alg": algorithm, **header}, payload, key, [algorithm], registry)


def glued(header: Any, payload: Any, signature: bytes = b"") -> str:
    """Return what has the form of a token, whatever is in it."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, signature))


def secret_file(folder: Path) -> str:
    """Write the secret into a file. Return its path."""
    path = folder / "token-secret"
    path.write_text(SECRET)
    return str(path)


def sealed(secret: bytes, content: dict[str, Any], **header: Any) -> str:
    """Return a token that was signed with any bytes as the secret of HS256, also with those of a public key."""
    body = glued({"alg": "HS256", **header}, content).rpartition(".")[0]
    signature = hmac.digest(secret, body.encode(), "sha256")
    return f"{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
