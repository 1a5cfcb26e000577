"""A client of the editors' API, for the commands that use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
        self._open: httpx.Client | None = None

    def send(
        self,
        method: str,
        address: str,
        body: object = None,
        conditions: Mapping[str, str] | None = None,
        expected: int | None = None,
    ) -> httpx.Response:
        """Return the answer if it is a success with JSON, or has the status `expected`."""
        answer = self.exchange(method, address, body, conditions)
        return answer if answer.status_code == expected else _checked(answer)

    def exchange(
        self, method: str, address: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer, whatever its status. Raise `StoppressError` if there is none."""
        try:
            with self.kept_open() as client:
                return client.request(method, address, json=body, headers=headers)
        except UnicodeEncodeError:
            raise StoppressError(_NOT_UTF8) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self._unreachable(error) from None

    @contextmanager
    def kept_open(self) -> Iterator[httpx.Client]:
        """Use one connection for all requests until this ends."""
        if self._open is not None:
            yield self._open
            return
        with self._client() as self._open:
            try:
                yield self._open
            finally:
                self._open = None

    def _client(self) -> httpx.Client:
        authorization = {b"authorization": f"Bearer {self._key}".encode()}
        try:
            return httpx.Client(base_url=self._url, headers=authorization, timeout=30)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> StoppressError:
        return StoppressError(f"cannot reach {self._url}: {error}; check --url and that the server is running")


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
