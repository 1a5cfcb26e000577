"""All readers of a swarm: connect them, count what they receive, and check them at the end."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from typing import NamedTuple

import httpx

from stoppress.errors import StoppressError
from stoppress.tools.swarm.histogram import FineHistogram
from stoppress.tools.swarm.ledger import Ledger, UpdateRead
from stoppress.tools.swarm.plan import Plan, Target
from stoppress.tools.swarm.reader import Phase, SimulatedReader

_MAX_OPENING = 512
"""Limit of connections that are being opened at the same time."""

_CONNECT_SECONDS = 20.0
"""Deadline for a connection, including the handshake and the first answer."""

_SETTLE_SECONDS = 20.0
"""Deadline for all readers to reach the head at the end: the longest wait of a few attempts, and 5 s."""

_MAX_FAULTS = 1_000
_KEPT_SECONDS = 3_600


class Second:
    """The counts of one second."""

    __slots__ = ("at", "back", "closed", "delivered", "dropped", "latency", "live")

    def __init__(self, at: int) -> None:
        self.at = at
        self.live = self.closed = self.dropped = self.back = self.delivered = 0
        self.latency = FineHistogram()


class _Fault(NamedTuple):
    """A failed check of a reader."""

    kind: str
    reader: str
    text: str
    missed: tuple[int, int] | None = None
    """The changes that the reader missed: after one seq, up to another."""


class Swarm:
    """The readers of one blog."""

    def __init__(self, target: Target, plan: Plan) -> None:
        self.ledger = Ledger()
        self.target = target
        self.readers = [
            SimulatedReader(number, self, slow=number < plan.slow * plan.readers) for number in range(plan.readers)
        ]
        self.faults: list[_Fault] = []
        self.kinds: Counter[str] = Counter()
        """The number of faults by kind."""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Has an exception if the server rejects readers for good."""
        self.seconds: deque[Second] = deque([Second(0)], maxlen=_KEPT_SECONDS)
        self.latency, self.connecting, self.returning = FineHistogram(), FineHistogram(), FineHistogram()
        self.live_count = self.delivered = self.closed = self.resets = self.refused = 0
        self.most_live = 0
        self._plan = plan
        self._slots = asyncio.Semaphore(_MAX_OPENING)
        self._opening: dict[SimulatedReader, float] = {}
        self._dropped: set[SimulatedReader] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # From readers

    def live(self, reader: SimulatedReader) -> None:
        self.live_count += 1
        self.most_live = max(self.most_live, self.live_count)
        now = time.monotonic()
        self.connecting.add(now - self._opening.pop(reader, now))
        if reader.lost_at is not None:
            self.seconds[-1].back += 1
            self.returning.add(now - reader.lost_at)
            reader.lost_at = None

    def received(self, update: UpdateRead) -> None:
        second = self.seconds[-1]
        second.delivered += len(update.items)
        if update.stamps:
            now = time.time()
            for stamp in update.stamps:
                second.latency.add(now - stamp)

    def was_reset(self) -> None:
        self.resets += 1

    def lost(self, reader: SimulatedReader, wait: float) -> None:
        second = self.seconds[-1]
        if self._opening.pop(reader, None) is None:
            self.live_count -= 1
            if reader in self._dropped:
                second.dropped += 1
            else:
                second.closed += 1
                self.closed += 1
        if reader.phase is Phase.REFUSED:
            self.refused += 1
        self._dropped.discard(reader)
        asyncio.get_running_loop().call_later(wait, self._begin, reader)

    def fault(self, kind: str, reader: SimulatedReader | str, text: str, missed: tuple[int, int] | None = None) -> None:
        self.kinds[kind] += 1
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(_Fault(kind, str(reader), text, missed))

    def over(self, text: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(StoppressError(text))

    # Connections

    async def connect(self) -> None:
        """Connect all readers at the rate of the plan. Return when all have started to connect.

        If it is cancelled, the others are no longer readers of this swarm.
        """
        begun, number = time.monotonic(), 0
        try:
            for number, reader in enumerate(self.readers):
                await asyncio.sleep(max(0.0, begun + (number + 1) / self._plan.rate - time.monotonic()))
                self._begin(reader)
        except asyncio.CancelledError:
            del self.readers[number:]
            raise

    async def churn(self) -> None:
        """Drop the connections of random readers."""
        while True:
            await asyncio.sleep(random.expovariate(self._plan.churn))
            self._drop(random.choice(self.readers))  # noqa: S311, no secret

    def storm(self) -> None:
        """Drop the connections of many readers at the same time."""
        for reader in self.readers[-self._plan.storm :]:
            self._drop(reader)

    def _drop(self, reader: SimulatedReader) -> None:
        if reader.phase is Phase.LIVE:
            self._dropped.add(reader)
            reader.drop()

    def _begin(self, reader: SimulatedReader) -> None:
        task = asyncio.create_task(self._open(reader))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, reader: SimulatedReader) -> None:
        loop, target = asyncio.get_running_loop(), self.target
        async with self._slots:
            if reader.phase is Phase.STOPPED:
                return
            self._opening[reader] = time.monotonic()
            sock = target.new_socket(reader.number, slow=reader.slow)
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await loop.sock_connect(sock, target.address)
                    name = target.hostname if target.tls else None
                    await loop.create_connection(lambda: reader, sock=sock, ssl=target.tls, server_hostname=name)
            except (OSError, TimeoutError):
                sock.close()
                reader.connection_lost(None)

    # Time

    def tick(self) -> Second:
        """Begin the next second. Return the one before it."""
        second = self.seconds[-1]
        second.live = self.live_count
        self.latency.merge(second.latency)
        self.delivered += second.delivered
        self.seconds.append(Second(second.at + 1))
        latest = time.monotonic() - _CONNECT_SECONDS
        for reader, since in list(self._opening.items()):
            if since >= latest:
                break  # they are in the order in which they started
            reader.drop()
        return second

    # The end

    async def settle(self) -> None:
        """Wait until all readers are at the head, audit the updates, and report readers behind or away."""
        for reader in self.readers:
            reader.hurry()
        truth = await self.audit()
        newest = max((getattr(self.ledger.read(payload), "seq", 0) for payload in truth), default=0)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while any(_is_behind(reader, newest) for reader in self.readers) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for reader in self.readers:
            if reader.phase is Phase.REFUSED and self._plan.allow_refused:
                continue
            if reader.phase is not Phase.LIVE:
                self.fault("away", reader, f"at {reader.cursor} at the end, and {reader.phase.value}")
            elif _is_behind(reader, newest):
                self.fault("behind", reader, f"still at {reader.cursor} at the end", (reader.seq, newest))

    def in_words(self, fault: _Fault) -> str:
        """Describe a fault, with the missed changes if they are known by now."""
        missed = self.ledger.between(*fault.missed) if fault.missed else []
        return f"{fault.text}: missed {', '.join(missed)}" if missed else fault.text

    async def audit(self) -> list[bytes]:
        """Compare the received updates with the server's state. Return this state, as answers of `/changes`."""
        try:
            truth = await asyncio.to_thread(self.target.read_all)
        except httpx.HTTPError as error:
            self.fault("unreachable", "server", f"the server does not answer /changes: {error!r}")
            truth = []
        for missing in self.ledger.audit(truth):
            self.fault("missed", *self.ledger.in_words(missing))
        for text in self.ledger.contradictions:
            self.fault("contradiction", "several readers", text)
        self.ledger.contradictions.clear()
        return truth

    def stop(self) -> None:
        for reader in self.readers:
            reader.stop()


def _is_behind(reader: SimulatedReader, seq: int) -> bool:
    return reader.phase is not Phase.LIVE or reader.seq < seq
