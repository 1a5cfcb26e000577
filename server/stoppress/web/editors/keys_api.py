"""The API keys of a site, for admins: maps requests to `access.keys`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.keys import KeyForm, KeyRing
from stoppress.access.roles import Action
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_write


class KeysApi:
    """The handlers of `/api/keys`."""

    def __init__(self, authentication: Authentication, ring: KeyRing, limit: WriteLimit) -> None:
        self._authentication = authentication
        self._ring = ring
        self._limit = limit

    def routes(self) -> list[Route]:
        return [
            self._resource("/api/keys", GET=("read_keys", self.list_keys), POST=("change_keys", self.make_key)),
            self._resource(
                "/api/keys/{name}", GET=("read_keys", self.get_key), DELETE=("change_keys", self.revoke_key)
            ),
        ]

    def _resource(self, path: str, **handlers: tuple[Action, Handler]) -> Route:
        return Resource(self._authentication, self._limit, (), handlers).route(path)

    async def list_keys(self, request: Request) -> Response:
        return unstored(answered(request, {"keys": await self._ring.keys(request.state.who)}))

    async def make_key(self, request: Request) -> Response:
        form, conditions = await read_write(request, KeyForm)
        key = await self._ring.make(form, conditions.who, conditions.act("make_key", None, form.name))
        answer = unstored(answered(request, key))
        answer.status_code = 201
        answer.headers["location"] = f"/api/keys/{form.name}"
        return answer

    async def get_key(self, request: Request, name: str) -> Response:
        return unstored(answered(request, await self._ring.key(name, request.state.who)))

    async def revoke_key(self, request: Request, name: str) -> Response:
        sent = WriteRequest(who=request.state.who, origin=request.state.origin)
        await self._ring.revoke(name, sent.who, sent.act("revoke_key", None, name))
        return Response(status_code=204)
