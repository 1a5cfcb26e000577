"""A reader that is measured: a swarm's reader over a blocking socket, so that it runs wherever sockets do.

What it checks is what `stoppress swarm` checks, with the same code: that cursors form a chain, and that no update
lacks an item.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Any, cast

from stoppress.tools.swarm.frames import Options
from stoppress.tools.swarm.ledger import Ledger, UpdateRead
from stoppress.tools.swarm.plan import Target, new_socket
from stoppress.tools.swarm.reader import Phase, SimulatedReader

SILENCE_SECONDS = 60.0
"""Seconds without a byte after which a line is dead: three beats of the default."""

LONGEST_LAG = 10.0
"""Seconds that a reader may be behind the server in the end."""


class Shared:
    """What the probes of one blog share.

    Args:
        where: the server and the blog.
    """

    def __init__(self, where: Target) -> None:
        self.where = where
        self.ledger = Ledger()

    def audit(self) -> tuple[list[str], int]:
        """Compare what was sent with what the server has. Returns what was missed, and the newest seq.

        Raises:
            httpx.HTTPError: the server does not say what it has.
        """
        truth = self.where.read_all()
        found = [": ".join(self.ledger.in_words(missing)) for missing in self.ledger.audit(truth)]
        return found, max(getattr(self.ledger.read(payload), "seq", 0) for payload in truth)


class _Transport:
    """As much of a transport as a reader uses."""

    def __init__(self, line: socket) -> None:
        self._line = line
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self._line.sendall(data)

    def abort(self) -> None:
        self.is_closed = True

    close = abort


class Probe:
    """One reader, over as many connections as it takes.

    Args:
        number: its name.
        shared: what it has in common with others.
        measured: takes the name of a time and its seconds.
        failed: takes the kind of a broken promise and who was told what.
    """

    def __init__(
        self, number: int, shared: Shared, measured: Callable[[str, float], None], failed: Callable[[str, str], None]
    ) -> None:
        self.options = Options()
        self.ledger, self._where = shared.ledger, shared.where
        self.authority, self.blog = shared.where.authority, shared.where.path
        self._reader = SimulatedReader(number, self)
        self._measured, self._failed = measured, failed
        self._begun = self._wait = 0.0
        self._needed: int | None = None

    def run(self) -> None:
        """Read until the greenlet or thread is ended, or coming back is no use."""
        while True:
            try:
                self._connection()
            except TimeoutError:
                self._failed("silence", f"{self._reader}: nothing came for {SILENCE_SECONDS:g} s")
            except OSError:
                pass  # it comes back, as every client does; how long that takes is measured
            if self._reader.phase is Phase.STOPPED:
                return
            self._reader.connection_lost(None)
            time.sleep(self._wait)

    def catch_up(self, seq: int) -> None:
        """Read until the change with this seq is there; it is a failure if that takes too long."""
        self._needed, deadline = seq, time.monotonic() + LONGEST_LAG
        while not self._is_content() and time.monotonic() < deadline:
            self._reader.drop()
            self._reader.connection_lost(None)
            with suppress(OSError):
                self._connection(timeout=LONGEST_LAG)
        if not self._is_content():
            missed = ", ".join(self.ledger.between(self._reader.seq, seq))
            self._failed("behind", f"{self._reader}: at {self._reader.cursor} in the end: missed {missed}")

    def _is_content(self) -> bool:
        return self._needed is not None and self._reader.seq >= self._needed

    def _connection(self, timeout: float = SILENCE_SECONDS) -> None:
        where, self._begun = self._where, time.monotonic()
        with new_socket(where, self._reader.number, slow=False) as plain:
            plain.settimeout(timeout)
            plain.connect(where.address)
            line = where.tls.wrap_socket(plain, server_hostname=where.hostname) if where.tls else plain
            transport = _Transport(line)
            self._reader.connection_made(cast(Any, transport))
            while not transport.is_closed and not self._is_content():
                data = line.recv(65_536)
                if not data:
                    break
                was_opening = self._reader.phase is Phase.OPENING
                if was_opening and data.startswith(b"HTTP/1.1 101 "):
                    self._measured("handshake", time.monotonic() - self._begun)
                self._reader.data_received(data)

    # From the reader

    def live(self, reader: SimulatedReader) -> None:
        now = time.monotonic()
        self._measured("catch-up", now - self._begun)
        if reader.lost_at is not None:
            self._measured("return", now - reader.lost_at)
            reader.lost_at = None

    def received(self, update: UpdateRead) -> None:
        now = time.time()
        for stamp in update.stamps:
            self._measured("publish to receive", now - stamp)

    def was_reset(self) -> None:
        self._failed("reset", f"{self._reader}: it was given everything anew")

    def lost(self, reader: SimulatedReader, wait: float) -> None:
        self._wait = wait

    def fault(self, kind: str, reader: SimulatedReader, text: str, missed: tuple[int, int] | None = None) -> None:
        names = self.ledger.between(*missed) if missed else []
        self._failed(kind, f"{reader}: {text}" + (f": missed {', '.join(names)}" if names else ""))

    def over(self, text: str) -> None:
        self._failed("over", f"{self._reader}: {text}")
