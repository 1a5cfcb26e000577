"""The parts of a node that are about people: their passwords, sessions and limits."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from stoppress.access.people.name_limit import NameLimit
from stoppress.access.people.passwords import Passwords
from stoppress.access.people.people import People
from stoppress.access.people.sessions import Sessions
from stoppress.settings import Settings
from stoppress.store.accounts.port import Accounts
from stoppress.telemetry.counts import Counts
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.people.own_site import OwnSite
from stoppress.web.people.people_api import PeopleApi
from stoppress.web.people.sessions_api import SessionsApi, SignIns


class PeopleParts:
    """See the module's docstring.

    Args:
        settings: the settings of the node.
        accounts: keep people, sessions and counters.
        now: returns the store's time, as Unix time in seconds.
        guesses: the limit of wrong secrets from an address.
        counts: counts rejected requests.
    """

    def __init__(
        self, settings: Settings, accounts: Accounts, now: Callable[[], float], guesses: GuessLimit, counts: Counts
    ) -> None:
        self.own_site = OwnSite(settings.public_url)
        idle, longest = settings.session_idle_minutes * 60, settings.session_hours * 3600
        self.sessions = Sessions(accounts, now, idle, longest)
        self._passwords = Passwords()
        people = People(accounts, self._passwords, now)
        names = NameLimit(accounts, is_on=settings.max_guesses > 0)
        self._sign_ins = SignIns(people, self.sessions, guesses, names, self.own_site, counts)

    def routes(self, authentication: Authentication, limit: WriteLimit) -> list[Route]:
        """Return the routes of people and their sessions."""
        people = PeopleApi(authentication, self._sign_ins.people, self.sessions.checks, limit)
        sessions = SessionsApi(authentication, self._sign_ins, limit)
        return [*people.routes(), *sessions.routes()]

    async def close(self) -> None:
        """Cancel what is still to be written, and end the threads."""
        await self.sessions.checks.close()
        self._passwords.close()
