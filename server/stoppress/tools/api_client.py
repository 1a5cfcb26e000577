"""A client of the editors' API, for the commands that use it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from stoppress.errors import StoppressError

_NOT_UTF8 = "the text is not valid UTF-8; save it as UTF-8 and try again"


class ApiClient:
    """Sends requests. Its methods raise `StoppressError` with the server's reason if it rejects a request.

    Args:
        url: the server.
        key: the secret of an API key.
    """

    def __init__(self, url: str, key: str) -> None:
        if not key.isprintable():
            raise StoppressError("the API key contains characters that cannot be sent; copy it again")
        self._url = url
        self._key = key

    def send(
        self,
        method: str,
        address: str,
        body: object = None,
        conditions: Mapping[str, str] | None = None,
        expected: int | None = None,
    ) -> httpx.Response:
        """Return the answer if it is a success with JSON, or has the status `expected`."""
        headers = {b"authorization": f"Bearer {self._key}".encode()}
        headers |= {name.encode(): value.encode() for name, value in (conditions or {}).items()}
        try:
            with httpx.Client(base_url=self._url, headers=headers, timeout=30) as client:
                answer = client.request(method, address, json=body)
        except UnicodeEncodeError:
            raise StoppressError(_NOT_UTF8) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise StoppressError(
                f"cannot reach {self._url}: {error}; check --url and that the server is running"
            ) from None
        return answer if answer.status_code == expected else _checked(answer)


def quoted(name: str) -> str:
    """Return a name as a part of an address."""
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise StoppressError(_NOT_UTF8) from None


def _checked(answer: httpx.Response) -> httpx.Response:
    try:
        content = answer.json()
        detail = "" if answer.is_success else content["detail"]
    except (ValueError, KeyError, TypeError):
        status = f"{answer.status_code} {answer.reason_phrase}"
        raise StoppressError(f"{answer.url} is not a Stoppress server; it answered with {status}") from None
    if detail:
        raise StoppressError(f"the server rejected the request ({answer.status_code}): {detail}")
    return answer
