"""The parts of a node that are about people: their passwords, sessions and limits."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from stoppress.access.openid.provider import Provider
from stoppress.access.openid.role_rules import RoleRules
from stoppress.access.openid.sign_in import OpenIDSignIn
from stoppress.access.people.name_limit import NameLimit
from stoppress.access.people.passwords import Passwords
from stoppress.access.people.people import People
from stoppress.access.people.sessions import Sessions
from stoppress.errors import StartError
from stoppress.settings import Settings
from stoppress.store.accounts.port import Accounts
from stoppress.store.port import Store
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.origin import Origins
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.people.acts import Acts
from stoppress.web.people.openid_api import CALLBACK, OpenIDApi
from stoppress.web.people.own_site import OwnSite
from stoppress.web.people.people_api import PeopleApi
from stoppress.web.people.sessions_api import SessionsApi, SignIns


class PeopleParts:
    """See the module's docstring.

    Args:
        settings: the settings of the node.
        store: keeps people, sessions and counters, and the audit.
        now: returns the store's time, as Unix time in seconds.
        guesses: the limit of wrong secrets from an address.
        addresses: finds the address of a client.
        counts: counts rejected requests.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        now: Callable[[], float],
        guesses: GuessLimit,
        addresses: Addresses,
        counts: Counts,
    ) -> None:
        accounts = store.accounts
        self._undo_seconds = settings.undo_seconds
        self._acts = Acts(Origins(addresses))
        self.own_site = OwnSite(settings.public_url)
        idle, longest = settings.session_idle_minutes * 60, settings.session_hours * 3600
        self.sessions = Sessions(accounts, now, idle, longest)
        self._passwords = Passwords()
        self.people = People(accounts, self._passwords, now)
        names = NameLimit(accounts, now, is_on=settings.max_guesses > 0)
        self._sign_ins = SignIns(self.people, self.sessions, guesses, names, self.own_site, self._acts, counts)
        self._openid = _openid(settings, accounts, now) if settings.oidc_issuer else None

    def routes(self, authentication: Authentication, limit: WriteLimit) -> list[Route]:
        """Return the routes of people and their sessions."""
        people = PeopleApi(authentication, self.people, self.sessions.checks, limit, self._acts)
        sessions = SessionsApi(authentication, self._sign_ins, limit, self._undo_seconds)
        openid = OpenIDApi(self._openid, self.people, sessions, self._sign_ins.guesses, self._acts)
        return [*people.routes(), *sessions.routes(), *openid.routes()]

    async def close(self) -> None:
        """Cancel what is still to be written, and end the threads."""
        await self.sessions.checks.close()
        self._passwords.close()


def _openid(settings: Settings, accounts: Accounts, now: Callable[[], float]) -> OpenIDSignIn:
    """Return what signs in with an OpenID provider. Raises `StartError` if a setting is wrong or missing."""
    if not settings.public_url:
        raise StartError("STOPPRESS_OIDC_ISSUER needs STOPPRESS_PUBLIC_URL, to which the provider sends browsers back")
    provider = Provider(settings.oidc_issuer, settings.oidc_client_id, settings.read_oidc_client_secret())
    rules, callback = RoleRules(settings.oidc_roles), settings.public_url + CALLBACK
    return OpenIDSignIn(provider, rules, settings.oidc_name, callback, accounts, now)
