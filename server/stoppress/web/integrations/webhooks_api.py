"""The webhooks of a site, for admins: maps requests to `webhooks/`."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.roles import Action
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_write
from stoppress.webhooks.dispatcher import Dispatcher
from stoppress.webhooks.hook import WebhookForm
from stoppress.webhooks.webhooks import Webhooks


class SentAgain(Struct):
    """What came of sending an event again."""

    delivered: bool
    reason: str | None


class WebhooksApi:
    """The handlers of `/api/webhooks`."""

    def __init__(
        self, authentication: Authentication, hooks: Webhooks, dispatcher: Dispatcher, limit: WriteLimit
    ) -> None:
        self._authentication = authentication
        self._hooks = hooks
        self._dispatcher = dispatcher
        self._limit = limit

    def routes(self) -> list[Route]:
        path = "/api/webhooks"
        return [
            self._resource(path, GET=("read_webhooks", self.list_hooks), POST=("change_webhooks", self.make_hook)),
            self._resource(
                path + "/{name}",
                GET=("read_webhooks", self.get_hook),
                DELETE=("change_webhooks", self.remove_hook),
            ),
            self._resource(path + "/{name}/dead", GET=("read_webhooks", self.list_dead)),
            self._resource(
                path + "/{name}/dead/{event}",
                POST=("change_webhooks", self.send_again),
                DELETE=("change_webhooks", self.forget),
            ),
        ]

    def _resource(self, path: str, **handlers: tuple[Action, Handler]) -> Route:
        return Resource(self._authentication, self._limit, (), handlers).route(path)

    async def list_hooks(self, request: Request) -> Response:
        return unstored(answered(request, {"webhooks": await self._hooks.states(request.state.who)}))

    async def make_hook(self, request: Request) -> Response:
        form, conditions = await read_write(request, WebhookForm)
        hook = await self._hooks.make(form, conditions.who, conditions.act("make_webhook", None, form.name))
        await self._dispatcher.refresh()
        answer = unstored(answered(request, hook))
        answer.status_code = 201
        answer.headers["location"] = f"/api/webhooks/{form.name}"
        return answer

    async def get_hook(self, request: Request, name: str) -> Response:
        return unstored(answered(request, await self._hooks.state(name, request.state.who)))

    async def remove_hook(self, request: Request, name: str) -> Response:
        sent = WriteRequest(who=request.state.who, origin=request.state.origin)
        await self._hooks.remove(name, sent.who, sent.act("remove_webhook", None, name))
        await self._dispatcher.refresh()
        return Response(status_code=204)

    async def list_dead(self, request: Request, name: str) -> Response:
        hook = await self._hooks.find(name, request.state.who)
        return unstored(answered(request, {"dead": await self._hooks.dead(hook)}))

    async def send_again(self, request: Request, name: str, event: str) -> Response:
        hook = await self._hooks.find(name, request.state.who)
        outcome = await self._dispatcher.deliveries.send_again(hook, await self._hooks.dead_event(hook, event))
        return unstored(answered(request, SentAgain(outcome.is_delivered, outcome.reason or None)))

    async def forget(self, request: Request, name: str, event: str) -> Response:
        hook = await self._hooks.find(name, request.state.who)
        await self._hooks.forget(hook, (await self._hooks.dead_event(hook, event)).id)
        return Response(status_code=204)
