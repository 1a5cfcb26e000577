"""The people of a site, for admins: maps requests to `access.people.people`."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.people.people import People
from stoppress.access.people.person import KnownPerson, PasswordForm, PersonForm
from stoppress.access.people.session_checks import SessionChecks
from stoppress.access.roles import Action
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_write
from stoppress.web.people.acts import Acts


class PeopleApi:
    """The handlers of `/api/people`.

    Args:
        authentication: finds the sender.
        people: the people.
        checks: forget what they know about a person who has changed.
        limit: counts the writes.
        acts: make the lines of the audit.
    """

    def __init__(
        self, authentication: Authentication, people: People, checks: SessionChecks, limit: WriteLimit, acts: Acts
    ) -> None:
        self._authentication = authentication
        self._people = people
        self._checks = checks
        self._limit = limit
        self._acts = acts

    def routes(self) -> list[Route]:
        return [
            self._resource("/api/people", GET=("read_people", self.list_people)),
            self._resource(
                "/api/people/{name}",
                GET=("read_people", self.get_person),
                PUT=("change_people", self.put_person),
                DELETE=("change_people", self.remove_person),
            ),
            self._resource("/api/people/{name}/password", PUT=("change_people", self.set_password)),
        ]

    def _resource(self, path: str, **handlers: tuple[Action, Handler]) -> Route:
        return Resource(self._authentication, self._limit, (), handlers).route(path)

    async def list_people(self, request: Request) -> Response:
        return unstored(answered(request, {"people": await self._people.all(request.state.who)}))

    async def get_person(self, request: Request, name: str) -> Response:
        return _person(request, *await self._people.one(name, request.state.who))

    async def put_person(self, request: Request, name: str) -> Response:
        form, conditions = await read_write(request, PersonForm)
        act = self._acts.act(request, "put_person", name)
        person, version = await self._people.put(name, form, conditions.who, _check(conditions), act)
        self._checks.forget_person(name)
        answer = _person(request, person, version)
        if version == 1:
            answer.status_code = 201
            answer.headers["location"] = f"/api/people/{name}"
        return answer

    async def set_password(self, request: Request, name: str) -> Response:
        form, conditions = await read_write(request, PasswordForm)
        act = self._acts.act(request, "set_password", name)
        await self._people.set_password(name, form.password, conditions.who, _check(conditions), act)
        self._checks.forget_person(name)
        return Response(status_code=204)

    async def remove_person(self, request: Request, name: str) -> Response:
        await self._people.remove(name, request.state.who, self._acts.act(request, "remove_person", name))
        self._checks.forget_person(name)
        return Response(status_code=204)


def _check(conditions: WriteRequest) -> partial[None]:
    return partial(conditions.check, current=None)


def _person(request: Request, person: KnownPerson, version: int) -> Response:
    answer = unstored(answered(request, person))
    answer.headers["etag"] = f'"{version}"'
    return answer
