"""Where Slack sends events (https://docs.slack.dev/apis/events-api/): check who sends, and answer within 3 seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import StoppressError, StoreUnavailable
from stoppress.slack.config import SlackConfig
from stoppress.slack.events import SlackRequest, decode
from stoppress.slack.intake import Intake
from stoppress.slack.signature import MAX_AGE_SECONDS, WrongSignature, check
from stoppress.store.accounts.port import Accounts
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_body
from stoppress.web.problems import HTTPError

_ANSWER_SECONDS = 2.5
"""Slack waits for 3 seconds."""

_AT_A_TIME = 20

_WRITER = "slack:"
"""The identity whose limit of writes counts."""

log = logging.getLogger("stoppress.slack")


class SlackApi:
    """The handler of `/api/intake/slack`.

    Args:
        config: the configuration; None: there is none, and nothing is taken.
        intake: does what events ask for; None as well without a configuration.
        accounts: count signatures, so that none is taken twice.
        limit: counts the writes.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(
        self,
        config: SlackConfig | None,
        intake: Intake | None,
        accounts: Accounts,
        limit: WriteLimit,
        now: Callable[[], float],
    ) -> None:
        self._config = config
        self._intake = intake
        self._accounts = accounts
        self._limit = limit
        self._now = now
        self._places = asyncio.Semaphore(_AT_A_TIME)

    def routes(self) -> list[Route]:
        return [Route("/api/intake/slack", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Answer a request of Slack."""
        if self._config is None or self._intake is None:
            raise HTTPError(404, "This server takes nothing from Slack. Set STOPPRESS_SLACK_FILE to change that.")
        body = await read_body(request)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), self._places:
                await self._authenticate(self._config, request, body)
                return await self._answer(self._intake, _decoded(body))
        except TimeoutError:
            raise StoreUnavailable("This took too long. Send it again.") from None

    async def _authenticate(self, config: SlackConfig, request: Request, body: bytes) -> None:
        """Raise `HTTPError` (401) unless Slack sends this, now, and for the first time or as a declared retry."""
        signature = request.headers.get("x-slack-signature", "")
        try:
            check(
                config.signing_secret,
                request.headers.get("x-slack-request-timestamp", ""),
                signature,
                body,
                self._now(),
            )
        except WrongSignature as error:
            raise HTTPError(401, f"{error}.", {"www-authenticate": "Slack"}) from None
        counted = await self._accounts.count(f"slack:{signature}", 2 * MAX_AGE_SECONDS)
        if counted.events > 1 and "x-slack-retry-num" not in request.headers:
            raise HTTPError(401, "This request was sent before.", {"www-authenticate": "Slack"})

    async def _answer(self, intake: Intake, request: SlackRequest) -> Response:
        if request.type == "url_verification":
            return Response(request.challenge, media_type="text/plain")
        if wait := self._limit.spend(_WRITER):
            raise HTTPError(429, "Slack sends too many messages at once.", {"retry-after": str(wait)})
        try:
            outcome = await intake.take(request, self._now())
        except StoreUnavailable:
            raise
        except StoppressError as error:  # it would fail again
            log.warning("slack_message_rejected", extra={"slack_event": request.event_id, "error": str(error)})
            outcome = "rejected"
        log.info("slack_event", extra={"slack_event": request.event_id, "outcome": outcome})
        return Response(msgspec.json.encode({"outcome": outcome}), media_type="application/json")


def _decoded(body: bytes) -> SlackRequest:
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPError(400, f"The body is not an event of Slack: {error}.") from None
