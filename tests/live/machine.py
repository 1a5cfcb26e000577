"""The I/O-free core under everything that can happen to it, measured against P1 to P3 of the contract.

Writes happen at random; hints of them are lost, doubled and reordered; readers come with any cursor, lag, go
and return; the store is rolled back. Each client checks every message by itself (`support.client`); after
each update what it shows must be the state that the history had at that very cursor, and when all is quiet
again, everybody must have the newest state.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, precondition, rule
from websockets.frames import Opcode

from stoppress.live.fd_group import PHASES, FdGroup
from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Fit, Replica
from stoppress.model import HEADER, START, Cursor, Segment
from stoppress.wire.close_reasons import CloseReason
from stoppress.wire.encodings import Codec, Compression, WebSocket
from tests.support.client import Client
from tests.support.frames import FrameReader
from tests.support.history import History, entry, header

SMALL = Codec("small parts", msgspec.json.encode, part_bytes=400)
"""So small that a catch-up of three entries comes in parts."""

ENCODINGS = {compression: WebSocket(compression.name, SMALL, Opcode.TEXT, compression) for compression in Compression}

FULL = 700
"""Bytes that a connection takes before it is full."""


class Connection:
    """A reader at the hub: a client behind a line that holds `FULL` bytes until the client takes them."""

    def __init__(self, hub: Hub, fd: int, client: Client, compression: Compression) -> None:
        since = client.connected()
        self.hub = hub
        self.client = client
        self.encoding = ENCODINGS[compression]
        self._frames = FrameReader(compression)
        self.cursor = None if since is None else Cursor.parse(since)
        self.fd = fd
        self.fd_group: FdGroup | None = None
        self.slot = 0
        self.ends = 0
        self.slow = False
        self.full = False
        self.cut = False
        """Whether a frame was cut and nobody has said what becomes of its rest."""
        self._sent: list[bytes] = []

    def open(self, check: Callable[[Client], None]) -> None:
        self.check = check
        self.hub.join(self)
        assert self._sent, "a reader that joins gets a message at once"
        if not self.slow:
            self.take()

    def write(self, data: bytes) -> int:
        """What a socket does: take as much as there is room for."""
        assert not self.full, "something was sent to a reader whose connection is full"
        assert len(self._sent) < 1_000, "a reader is sent things without end"
        room = FULL - sum(map(len, self._sent)) if self.slow else len(data)
        count = max(0, min(room, len(data)))
        self.full = self.cut = count < len(data)
        self._sent.append(data)
        return count

    def send(self, data: bytes) -> None:
        if self.write(data) != len(data):
            self.cut = False
            self.hub.pause(self)

    def buffer(self, rest: memoryview) -> bool:
        """The rest is in `_sent` already, for messages are not cut here."""
        self.cut = False
        return self.full

    def abort(self) -> None:
        raise AssertionError("no connection breaks here")

    def take(self) -> None:
        """The client gets what was sent; the connection takes more."""
        rounds = 0
        while self._sent:
            rounds += 1
            assert rounds < 1_000, "a reader is sent things without end"
            sent, self._sent = self._sent, []
            for data in sent:
                self.client.receive(self._frames.read(data))
                self.check(self.client)
            if self.full:
                self.full = False
                self.hub.resume(self)

    def close(self, close_reason: CloseReason) -> None:
        raise AssertionError("nobody is sent away here")


class Core(RuleBasedStateMachine):
    connections = Bundle("connections")
    absent = Bundle("absent")

    @initialize()
    def begin(self) -> None:
        self.history = History()
        self.history.commit(header())
        self.now = 0.0
        self.timers: list[tuple[float, object]] = []
        self.hub = Hub(Replica("demo", newest=4), Timing(self._call_later, lambda: self.now), self._write)
        self.hub.absorb(self.history.read())
        self.open: list[Connection] = []
        self.made: list[Connection] = []
        self.hints: list[Segment] = []
        self.entries = 0

    def _write(self, fd: int, data: bytes) -> int:
        return self.made[fd].write(data)

    def _call_later(self, delay: float, callback: object) -> None:
        self.timers.append((self.now + delay, callback))

    # Writes

    @rule(count=st.integers(1, 3), second=st.integers(0, 59))
    def publish(self, count: int, second: int) -> None:
        new = [entry(self.entries + n, f"2026-01-01T00:00:{second:02d}.000Z") for n in range(1, count + 1)]
        self.entries += count
        self.hints.append(self.history.commit(*new))

    @precondition(lambda self: len(self.history.states[self.history.cursor]) > 1)
    @rule(data=st.data(), retract=st.booleans(), length=st.sampled_from([5, 300]))
    def edit(self, data: st.DataObject, retract: bool, length: int) -> None:
        ids = sorted(set(self.history.states[self.history.cursor]) - {HEADER})
        entry_id = data.draw(st.sampled_from(ids))
        changed = entry(int(entry_id[-12:]), self.history.published_at[entry_id], "x" * length)
        if retract:
            changed.status, changed.text = "retracted", None
        self.hints.append(self.history.commit(changed))

    @rule()
    def change_header(self) -> None:
        self.hints.append(self.history.commit(header("another")))

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        self.history.roll_back(data.draw(st.integers(1, len(self.history.changes))))

    # Hints and repair

    @precondition(lambda self: self.hints)
    @rule(data=st.data(), again=st.booleans())
    def hint(self, data: st.DataObject, again: bool) -> None:
        index = data.draw(st.integers(0, len(self.hints) - 1))
        hinted = self.hints[index] if again else self.hints.pop(index)
        if self.hub.apply(hinted) is Fit.GAP:
            self.repair()

    @precondition(lambda self: self.hints)
    @rule(data=st.data())
    def lose_hint(self, data: st.DataObject) -> None:
        self.hints.pop(data.draw(st.integers(0, len(self.hints) - 1)))

    @rule()
    def repair(self) -> None:
        cursor = self.hub.replica.cursor
        segment = self.history.read(cursor)
        if segment.after != cursor or segment.tags:
            self.hub.absorb(segment)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        due = [callback for at, callback in self.timers if at <= self.now]
        self.timers = [(at, callback) for at, callback in self.timers if at > self.now]
        for callback in due:
            callback()  # type: ignore[operator]
        assert not any(connection.cut for connection in self.made), "the rest of a frame was forgotten"
        self._take()

    @rule()
    def beat(self) -> None:
        for phase in range(PHASES):
            self.hub.beat(phase)
        self._take()

    # Readers

    @rule(target=connections, slow=st.booleans(), compression=st.sampled_from(Compression))
    def come(self, slow: bool, compression: Compression) -> Connection:
        return self._connect(Client(), slow, compression)

    @rule(target=connections, data=st.data(), compression=st.sampled_from(Compression))
    def come_with_any_cursor(self, data: st.DataObject, compression: Compression) -> Connection:
        """As somebody who kept nothing but a cursor, of this history or of one that was rolled back."""
        client = Client()
        cursor = data.draw(st.sampled_from(sorted(self.history.states)))
        if cursor == START:
            client.cursor = "0"
            return self._connect(client, False, compression)
        client.cursor = str(cursor)
        state = self.history.states[cursor]
        client.shown = {
            item_id: {"id": item_id, "seq": seq, "version": version, "published_at": self.history.published_at[item_id]}
            for item_id, (seq, version) in state.items()
            if item_id != HEADER
        }
        client.header = {"seq": state[HEADER][0]}
        return self._connect(client, False, compression)

    @rule(target=absent, connection=consumes(connections))
    def go(self, connection: Connection) -> Client:
        self.hub.leave(connection)
        self.open.remove(connection)
        return connection.client

    @rule(target=connections, client=consumes(absent), slow=st.booleans(), compression=st.sampled_from(Compression))
    def come_back(self, client: Client, slow: bool, compression: Compression) -> Connection:
        return self._connect(client, slow, compression)

    @rule(connection=connections, slow=st.booleans())
    def change_pace(self, connection: Connection, slow: bool) -> None:
        connection.slow = slow
        if not slow:
            connection.take()

    @rule(connection=connections)
    def take_some(self, connection: Connection) -> None:
        connection.take()

    def _connect(self, client: Client, slow: bool, compression: Compression) -> Connection:
        connection = Connection(self.hub, len(self.made), client, compression)
        self.made.append(connection)
        connection.slow = slow
        self.open.append(connection)
        connection.open(self._check)
        return connection

    # What must hold

    def _take(self) -> None:
        for connection in self.open:
            if not connection.slow:
                connection.take()

    def _check(self, client: Client) -> None:
        if client.cursor is None or not client.complete:
            return  # nothing is shown, or still the state of before the catch-up
        state = self.history.states[Cursor.parse(client.cursor)]
        assert client.state() == client.expected_of(state, self.history.published_at), "not the state of its cursor"
        if client.header is not None:
            assert client.header["seq"] == state[HEADER][0], "not the header of its cursor"

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        self.repair()
        self.time_passes(1.0)
        for connection in self.open:
            connection.slow = False
            connection.take()
            assert connection.client.cursor == str(self.history.cursor), "a reader did not get to the head"
            assert connection.client.complete
        assert self.hub.reader_count == len(self.open)
