"""One reader of the swarm: its connection, its cursor, and how it reconnects."""

from __future__ import annotations

import asyncio
import struct
import time
from enum import Enum
from typing import Protocol, cast

from websockets.frames import Frame, Opcode

from stoppress.errors import MalformedCursor
from stoppress.model import Cursor
from stoppress.tools.reader_core import Outcome, ReaderCore
from stoppress.tools.swarm.frames import COMPRESSED, BrokenFrames, HandshakeAnswer, InflateState, split_frames
from stoppress.tools.swarm.ledger import MAX_NAMES, Ledger, UpdateRead
from stoppress.tools.swarm.plan import Target
from stoppress.wire.messages import Beat, Retry, SampleRequest

_SIP_SECONDS = 1.0
"""Pause of a slow reader after each read."""


class Phase(Enum):
    """The state of a reader's connection."""

    AWAY = "not connected"
    OPENING = "waiting for the answer to its handshake"
    CATCHING_UP = "connected, but its first answer is incomplete"
    LIVE = "at the head"
    REFUSED = "rejected because the server is at capacity"
    STOPPED = "stopped"


_LISTENING = (Phase.CATCHING_UP, Phase.LIVE)


class _Observer(Protocol):
    """Readers report to it and use its shared objects."""

    ledger: Ledger
    target: Target

    def live(self, reader: SimulatedReader) -> None:
        """Take the report that a reader has reached the head, for the first time on this connection."""

    def received(self, update: UpdateRead) -> None:
        """Take the report that a reader at the head, which is not slow, got an update."""

    def was_reset(self) -> None:
        """Take the report that a reader with a cursor got a reset."""

    def lost(self, reader: SimulatedReader, wait: float) -> None:
        """Take the report that a connection was lost. Connect it again in `wait` seconds."""

    def fault(self, kind: str, reader: SimulatedReader, text: str, missed: tuple[int, int] | None = None) -> None:
        """Take a fault of the server. The reader missed the changes after `missed[0]`, up to `missed[1]`."""

    def over(self, text: str) -> None:
        """End the run, because the server rejects readers for good."""


class SimulatedReader(asyncio.Protocol):
    """A reader over all its connections."""

    __slots__ = (
        "_core",
        "_inflate_state",
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
        """The time when the connection was lost, by `time.monotonic`, until it is back."""
        self._swarm = swarm
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._inflate_state: InflateState | None = None
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
        """Drop the connection, like a phone in a tunnel."""
        if self._transport is not None:
            self._transport.abort()

    def stop(self) -> None:
        """Drop the connection and never connect again."""
        self.phase = Phase.STOPPED
        self.drop()

    def hurry(self) -> None:
        """Stop reading slowly."""
        self._sips = False
        if self._transport is not None:
            self._sip(self._transport)

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.phase is Phase.STOPPED:
            self._transport.abort()
            return
        self._rest, self._inflate_state = b"", None
        self.phase = Phase.OPENING
        self._transport.write(self._swarm.target.handshake(self.cursor))

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the loss of a connection, or one that could not be opened."""
        self._transport = None
        if self.phase is Phase.STOPPED:
            return
        if self.lost_at is None:
            self.lost_at = time.monotonic()
        if self.phase is not Phase.REFUSED:
            self.phase = Phase.AWAY
        self._swarm.lost(self, self._core.next_wait())

    def data_received(self, data: bytes) -> None:
        try:
            data = self._rest + data
            if self.phase is Phase.OPENING:
                data = self._open(data)
            pieces, self._rest = ([], data) if self.phase is Phase.OPENING else split_frames(data)
            for first, payload in pieces:
                if self.phase in _LISTENING:
                    self._take(first, payload)
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
        """Take the answer to the handshake. Return the bytes after it, or all bytes if it is incomplete."""
        answer = HandshakeAnswer.parse(data)
        if answer is None:
            return data
        if answer.is_websocket:
            self.phase = Phase.CATCHING_UP
            self._inflate_state = InflateState() if answer.compressed else None
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
        if opcode in (Opcode.TEXT, Opcode.BINARY):
            if first & COMPRESSED:
                if self._inflate_state is None:
                    raise BrokenFrames("the server compressed a message without agreement")
                payload, self._inflate_state = self._inflate_state.inflate(payload)
            message = self._swarm.ledger.read(payload)
            if type(message) is UpdateRead:
                self._update(message)
            elif type(message) is Beat:
                if self._core.take_beat(message.cursor) is Outcome.GAP:
                    self._gap(Cursor.parse(message.cursor).seq, f"a beat at {message.cursor}")
            elif type(message) is Retry:
                self._core.take_retry(message.min, message.max)
            elif type(message) is SampleRequest:
                self._core.take_sample_request(answer=message.answer)
        elif opcode == Opcode.CLOSE:
            self._closed(payload)
        elif opcode == Opcode.PING and self._transport is not None:
            self._transport.write(Frame(Opcode.PONG, payload).serialize(mask=True))

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
            self._fault("duplicate", f"at {self.cursor} it got again the update from {update.after} to {update.cursor}")
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
        if self._core.is_sampled and not update.more and self._transport is not None:
            self._transport.write(Frame(Opcode.TEXT, self._core.answer.encode()).serialize(mask=True))

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
            self._transport.write(Frame(Opcode.CLOSE, payload[:2]).serialize(mask=True))
            self._transport.close()

    # Faults

    def _gap(self, until: int, message: str) -> None:
        self._fault("gap", f"at {self.cursor} it got {message}", (self.seq, until))

    def _fault(self, kind: str, text: str, missed: tuple[int, int] | None = None) -> None:
        """Report a fault and reconnect from the reader's own cursor, as every client does."""
        self._swarm.fault(kind, self, text, missed)
        self.phase = Phase.AWAY
        self.drop()
