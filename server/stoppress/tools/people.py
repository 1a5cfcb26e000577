"""The work of `stoppress people`."""

from __future__ import annotations

from typing import Any

from stoppress.tools.api_client import ApiClient, quoted
from stoppress.tools.table import table

_HEAD = ("name", "role", "blogs", "password", "disabled", "display name", "added by")


class PeopleDesk:
    """An admin who works on people. All methods raise `StoppressError` if the server rejects a request.

    Args:
        url: the server.
        key: the secret of an admin's key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._send = ApiClient(url, key).send

    def add(self, name: str, fields: dict[str, Any]) -> str:
        """Add a person who is not there yet. `fields` are those of the API that are known."""
        person = self._send("PUT", _address(name), fields, {"If-None-Match": "*"}).json()
        end = "" if person["has_password"] else "; it has no password yet"
        return f"added {name}: {person['role']} for {', '.join(person['blogs'])}{end}"

    def change(self, name: str, fields: dict[str, Any]) -> str:
        """Change these fields of a person."""
        answer = self._send("GET", _address(name))
        before = {field: answer.json()[field] for field in ("role", "display_name", "blogs", "disabled")}
        conditions = {"If-Match": answer.headers["etag"]}
        person = self._send("PUT", _address(name), before | fields, conditions).json()
        state = "; disabled" if person["disabled"] else ""
        return f"changed {name}: {person['role']} for {', '.join(person['blogs'])}{state}"

    def list_all(self) -> str:
        """Return a table of all people."""
        people = self._send("GET", "/api/people").json()["people"]
        return table([_HEAD, *map(_row, people)]) if people else "no people"

    def set_password(self, name: str, password: str) -> str:
        """Give a person a password."""
        self._send("PUT", f"{_address(name)}/password", {"password": password}, expected=204)
        return f"{name} has a new password; sessions with the old one have ended"

    def remove(self, name: str) -> str:
        """Remove a person."""
        self._send("DELETE", _address(name), expected=204)
        return f"removed {name}; all sessions end within 5 seconds"


def _address(name: str) -> str:
    return f"/api/people/{quoted(name)}"


def _row(person: dict[str, Any]) -> tuple[str, ...]:
    has, disabled = ("yes" if person[field] else "no" for field in ("has_password", "disabled"))
    blogs = ",".join(person["blogs"])
    return person["name"], person["role"], blogs, has, disabled, person["display_name"], person["created_by"]
