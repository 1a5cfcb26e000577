"""The work of `stoppress keys`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stoppress.errors import StoppressError
from stoppress.tools.api_client import ApiClient, quoted
from stoppress.tools.table import table

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}

_HEAD = ("name", "role", "blogs", "ends", "last used", "made by")


class KeyDesk:
    """An admin who works on API keys. All methods raise `StoppressError` if the server rejects a request.

    Args:
        url: the server.
        key: the secret of an admin's key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._send = ApiClient(url, key).send

    def add(self, name: str, role: str, blogs: Sequence[str], until: str | None) -> tuple[str, str]:
        """Make a key. Return its secret, and a line about it."""
        form: dict[str, Any] = {"name": name, "role": role}
        if blogs:
            form["blogs"] = list(blogs)
        if until is not None:
            form["expires_at"] = _moment(until)
        key = self._send("POST", "/api/keys", form).json()
        ends = f"until {_minute(key['expires_at'])} UTC" if key["expires_at"] else "without an end"
        note = f"made key {name}: {role} for {', '.join(key['blogs'])}, {ends}. Keep its secret; it is not shown again:"
        return str(key["secret"]), note

    def list_all(self) -> str:
        """Return a table of all keys."""
        keys = self._send("GET", "/api/keys").json()["keys"]
        if not keys:
            return "no keys; those in STOPPRESS_KEYS are not in this list"
        return table([_HEAD, *map(_row, keys)])

    def revoke(self, name: str) -> str:
        """Revoke a key."""
        self._send("DELETE", f"/api/keys/{quoted(name)}", expected=204)
        return f"revoked key {name}; all nodes refuse it within 5 seconds"


def _row(key: dict[str, Any]) -> tuple[str, ...]:
    ends, used = _minute(key["expires_at"]) or "never", _minute(key["last_used_at"]) or "never"
    if key["expires_at"] and datetime.fromisoformat(key["expires_at"]) <= datetime.now(UTC):
        ends = f"ended {ends}"
    return key["name"], key["role"], ",".join(key["blogs"]), ends, used, key["created_by"]


def _minute(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""


def _moment(text: str) -> str:
    """Return a time as the server takes it, from a time or from the duration until then."""
    if duration := re.fullmatch(r"([0-9]{1,5})([mhd])", text):
        return (datetime.now(UTC) + timedelta(seconds=int(duration[1]) * _SECONDS[duration[2]])).isoformat()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StoppressError(f"--until must be a time, or a duration such as 12h or 30d; got {text[:60]!r}") from None
    return moment.astimezone().isoformat()  # without a zone it is a time of this machine
