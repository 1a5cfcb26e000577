"""One address of the editors' API: who may use it, and how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.roles import Action, require
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import JSON, MSGPACK
from stoppress.web.negotiation import Wanted
from stoppress.web.validation import check_query

Handler = Callable[..., Awaitable[Response]]
"""Takes an authorised request, and the parameters of its path."""


class Resource:
    """The endpoint of a route. Each method has an action that the sender must be allowed to do at least.

    Anybody may use a method whose action is None. Its handler gets a request without a sender.

    Args:
        authentication: finds the sender.
        limit: counts the writes.
        query: the parameters that GET takes.
        handlers: by method, the action and the handler.
        counted: whether requests other than GET count as writes.
    """

    def __init__(
        self,
        authentication: Authentication,
        limit: WriteLimit,
        query: tuple[str, ...],
        handlers: Mapping[str, tuple[Action | None, Handler]],
        *,
        counted: bool = True,
    ) -> None:
        self._authentication = authentication
        self._limit = limit
        self._query = query
        self._handlers = handlers
        self._is_counted = counted

    @property
    def actions(self) -> dict[str, Action]:
        """The action of each method that needs one."""
        return {method: action for method, (action, _) in self._handlers.items() if action is not None}

    def route(self, path: str) -> Route:
        """Return one route for all methods, so that a 405 names all allowed methods."""
        return Route(path, self.answer, methods=list(self._handlers))

    async def answer(self, request: Request) -> Response:
        """Return the answer to an authorised request."""
        method = "GET" if request.method == "HEAD" else request.method
        action, handler = self._handlers[method]
        who = await self._authentication.identify(request) if action is not None else None
        if who is not None and action is not None:
            require(who, action, request.path_params.get("blog"))
        if method == "GET":
            check_query(request, *self._query)
        elif who is not None and self._is_counted:
            self._limit.count(who)
        return await handler(request, **request.path_params)


def answered(request: Request, content: Any) -> Response:
    """Return a value in JSON, or in msgpack if the request prefers that."""
    if Wanted(request.headers).prefers(MSGPACK, JSON[0]):
        return Response(msgspec.msgpack.encode(content), media_type=MSGPACK[0])
    return Response(msgspec.json.encode(content), media_type=JSON[0])


def unstored(answer: Response) -> Response:
    """Keep an answer out of all caches."""
    answer.headers["cache-control"] = "no-store"
    return answer
