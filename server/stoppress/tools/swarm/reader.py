"""One reader of the swarm: a connection, a cursor, and what it does when the line is lost."""

from __future__ import annotations

import asyncio
import struct
import time
from enum import Enum
from typing import Protocol, cast

from stoppress.errors import MalformedCursor
from stoppress.model import Cursor
from stoppress.tools.reader_core import Outcome, ReaderCore
from stoppress.tools.swarm import frames
from stoppress.tools.swarm.frames import BrokenFrames, Options
from stoppress.tools.swarm.inflate import Past
from stoppress.tools.swarm.ledger import MAX_NAMES, BeatRead, Ledger, RetryRead, UpdateRead

_SIP_SECONDS = 1.0
"""How long a slow reader waits after each piece that it takes."""


class Phase(Enum):
    """Where a reader is."""

    AWAY = "not connected"
    OPENING = "the handshake is not answered"
    CATCHING_UP = "connected, the first answer is not whole"
    LIVE = "at the head"
    REFUSED = "sent away because the server has enough readers"
    STOPPED = "over"


_LISTENING = (Phase.CATCHING_UP, Phase.LIVE)


class _Observer(Protocol):
    """What readers report to, and ask for what they share."""

    ledger: Ledger
    options: Options
    authority: str
    blog: str

    def live(self, reader: SimulatedReader) -> None:
        """It has the newest state, for the first time on this connection."""

    def received(self, update: UpdateRead) -> None:
        """A reader at the head got an update, and reads as fast as it can."""

    def was_reset(self) -> None:
        """A reader with a cursor was given everything anew."""

    def lost(self, reader: SimulatedReader, wait: float) -> None:
        """Its connection is gone; it wants to connect again in `wait` seconds."""

    def fault(self, kind: str, reader: SimulatedReader, text: str, missed: tuple[int, int] | None = None) -> None:
        """The server broke the contract; `missed` are the seqs after and up to which the reader got nothing."""

    def over(self, text: str) -> None:
        """The server says that coming back is no use."""


class SimulatedReader(asyncio.Protocol):
    """A reader; the same object over all its connections.

    Args:
        number: its name.
        swarm: whom it reports to.
        slow: whether it takes a little at a time.
    """

    __slots__ = (
        "_core",
        "_past",
        "_rest",
        "_sips",
        "_swarm",
        "_transport",
        "lost_at",
        "number",
        "phase",
        "slow",
    )

    def __init__(self, number: int, swarm: _Observer, *, slow: bool = False) -> None:
        self.number = number
        self.slow = self._sips = slow
        self.phase = Phase.AWAY
        self.lost_at: float | None = None
        """When the line was lost, by `time.monotonic`, while it is not back."""
        self._swarm = swarm
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._past: Past | None = None
        self._core = ReaderCore()

    @property
    def cursor(self) -> str | None:
        return self._core.cursor

    @property
    def seq(self) -> int:
        return self._core.seq

    def __str__(self) -> str:
        return f"reader {self.number}"

    def drop(self) -> None:
        """Lose the line, as in a tunnel."""
        if self._transport is not None:
            self._transport.abort()

    def stop(self) -> None:
        """For good."""
        self.phase = Phase.STOPPED
        self.drop()

    def hurry(self) -> None:
        """Read as fast as the others from now on."""
        self._sips = False
        if self._transport is not None:
            self._sip(self._transport)

    def failed(self) -> None:
        """There was no connection at all."""
        if self.phase is not Phase.STOPPED:
            self._go()

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.phase is Phase.STOPPED:
            self._transport.abort()
            return
        self._rest, self._past = b"", None
        self.phase = Phase.OPENING
        swarm = self._swarm
        self._transport.write(frames.request(swarm.authority, swarm.blog, self.cursor, swarm.options))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.phase is not Phase.STOPPED:
            self._go()

    def data_received(self, data: bytes) -> None:
        try:
            if self.phase is Phase.OPENING:
                data = self._open(self._rest + data)
            elif self._rest:
                data = self._rest + data
            if self.phase is not Phase.OPENING:
                pieces, self._rest = frames.cut(data)
                for first, payload in pieces:
                    if self.phase in _LISTENING:
                        self._take(first, payload)
            else:
                self._rest = data
        except (BrokenFrames, MalformedCursor) as error:
            self._fault("broken", str(error))
        if self._sips and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(_SIP_SECONDS, self._sip, self._transport)

    def _sip(self, transport: asyncio.Transport) -> None:
        if transport is self._transport and not transport.is_closing():
            transport.resume_reading()

    # The handshake

    def _open(self, data: bytes) -> bytes:
        """Returns what came after the answer, or all if it is not whole."""
        answer = frames.answer(data)
        if answer is None:
            return data
        if answer.is_websocket:
            self.phase = Phase.CATCHING_UP
            self._past = Past() if answer.compressed else None
            return answer.rest
        if self._core.take_status(answer.status, answer.retry_after):
            self.phase = Phase.REFUSED if answer.status in (429, 503) else Phase.AWAY
            self.drop()
        else:
            self._swarm.over(f"the server answered a handshake with status {answer.status}")
            self.stop()
        return b""

    # Messages

    def _take(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if opcode in (frames.TEXT, frames.BINARY):
            if first & frames.COMPRESSED:
                if self._past is None:
                    raise BrokenFrames("a compressed message that was not agreed on")
                payload, self._past = self._past.after(payload)
            message = self._swarm.ledger.read(payload)
            if type(message) is UpdateRead:
                self._update(message)
            elif type(message) is BeatRead:
                if self._core.take_beat(message.cursor) is Outcome.GAP:
                    self._gap(Cursor.parse(message.cursor).seq, f"a beat at {message.cursor}")
            elif type(message) is RetryRead:
                self._core.take_retry(message.min, message.max)
        elif opcode == frames.CLOSE:
            self._closed(payload)
        elif opcode == frames.PING and self._transport is not None:
            self._transport.write(frames.masked(frames.PONG, payload))

    def _update(self, update: UpdateRead) -> None:
        update.count += 1
        if update.count <= MAX_NAMES:
            update.readers.append(self.number)
        if update.fault:
            self._fault("disorder", update.fault)
            return
        step = self._core.take_update(update.after, update.cursor, more=update.more)
        if step is Outcome.GAP:
            self._gap(update.after_seq, f"an update from {update.after} to {update.cursor}")
        elif step is Outcome.DUPLICATE:
            self._fault("duplicate", f"at {self.cursor} it got the update from {update.after} to {update.cursor}")
        else:
            self._taken(update, step)

    def _taken(self, update: UpdateRead, step: Outcome) -> None:
        if step is Outcome.RESET:
            self._swarm.was_reset()
        if self.phase is Phase.LIVE:
            if not self.slow:
                self._swarm.received(update)
        elif not update.more:
            self.phase = Phase.LIVE
            self._swarm.live(self)

    def _closed(self, payload: bytes) -> None:
        code = struct.unpack_from("!H", payload)[0] if len(payload) >= 2 else 0
        reason = payload[2:].decode(errors="replace")
        if not self._core.take_close(code):
            self._swarm.over(f"the server closed with {code}: {reason}")
            self.stop()
            return
        if code in (1002, 1008, 1009):
            self._swarm.fault("refused", self, f"the server closed with {code}: {reason}")
        self.phase = Phase.REFUSED if code == 1013 else Phase.AWAY
        if self._transport is not None:
            self._transport.write(frames.masked(frames.CLOSE, payload[:2]))
            self._transport.close()

    # What goes wrong

    def _gap(self, until: int, what: str) -> None:
        self._fault("gap", f"at {self.cursor} it got {what}", (self.seq, until))

    def _fault(self, kind: str, text: str, missed: tuple[int, int] | None = None) -> None:
        """Report it, and ask again from our own cursor, as every client does."""
        self._swarm.fault(kind, self, text, missed)
        self.phase = Phase.AWAY
        self.drop()

    def _go(self) -> None:
        if self.lost_at is None:
            self.lost_at = time.monotonic()
        if self.phase is not Phase.REFUSED:
            self.phase = Phase.AWAY
        self._swarm.lost(self, self._core.next_wait())
