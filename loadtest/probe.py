"""A measured reader: the reader of `stoppress swarm` over a blocking socket, so that it also runs in greenlets.

It makes the same checks as `stoppress swarm`, with the same code: cursors form a chain, and no update lacks an item.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Any, cast

from stoppress.tools.swarm.ledger import Ledger, UpdateRead
from stoppress.tools.swarm.plan import Target
from stoppress.tools.swarm.reader import Phase, SimulatedReader

SILENCE_SECONDS = 60.0
"""Seconds without a byte after which a connection is dead: three beats at the default interval."""

MAX_LAG_SECONDS = 10.0
"""Seconds that a reader may be behind the server at the end."""


class Shared:
    """The state that all probes of one blog share.

    Args:
        where: the server and the blog.
    """

    def __init__(self, where: Target) -> None:
        self.where = where
        self.ledger = Ledger()

    def audit(self) -> tuple[list[str], int]:
        """Compare the received updates with the blog on the server. Returns what was missed, and the newest seq.

        Raises:
            httpx.HTTPError: the blog cannot be read from the server.
        """
        truth = self.where.read_all()
        found = [": ".join(self.ledger.in_words(missing)) for missing in self.ledger.audit(truth)]
        return found, max(getattr(self.ledger.read(payload), "seq", 0) for payload in truth)


class _Transport:
    """The part of asyncio's transport that a reader uses."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def abort(self) -> None:
        self.is_closed = True

    close = abort


class Probe:
    """One reader, over as many connections as it needs.

    Args:
        number: identifies the reader.
        shared: the state that all probes share.
        measured: called with the name of a time and its seconds.
        failed: called with the kind of a fault and its description.
    """

    def __init__(
        self, number: int, shared: Shared, measured: Callable[[str, float], None], failed: Callable[[str, str], None]
    ) -> None:
        self.ledger, self.target = shared.ledger, shared.where
        self._reader = SimulatedReader(number, self)
        self._measured, self._failed = measured, failed
        self._begun = self._wait = 0.0
        self._needed: int | None = None

    def run(self) -> None:
        """Read until the greenlet or thread ends, or the server forbids the reader to come back."""
        while True:
            try:
                self._connection()
            except TimeoutError:
                self._failed("silence", f"{self._reader}: got nothing for {SILENCE_SECONDS:g} s")
            except OSError:
                pass  # it comes back, as every client does, and the time of that is measured
            if self._reader.phase is Phase.STOPPED:
                return
            self._reader.connection_lost(None)
            time.sleep(self._wait)

    def catch_up(self, seq: int) -> None:
        """Read until the reader has the change with this seq. Taking longer than `MAX_LAG_SECONDS` is a failure."""
        self._needed, deadline = seq, time.monotonic() + MAX_LAG_SECONDS
        while not self._is_content() and time.monotonic() < deadline:
            self._reader.drop()
            self._reader.connection_lost(None)
            with suppress(OSError):
                self._connection(timeout=MAX_LAG_SECONDS)
        if not self._is_content():
            missed = ", ".join(self.ledger.between(self._reader.seq, seq))
            self._failed("behind", f"{self._reader}: at {self._reader.cursor} at the end: missed {missed}")

    def _is_content(self) -> bool:
        return self._needed is not None and self._reader.seq >= self._needed

    def _connection(self, timeout: float = SILENCE_SECONDS) -> None:
        where, self._begun = self.target, time.monotonic()
        with where.new_socket(self._reader.number, slow=False) as plain:
            plain.settimeout(timeout)
            plain.connect(where.address)
            sock = where.tls.wrap_socket(plain, server_hostname=where.hostname) if where.tls else plain
            transport = _Transport(sock)
            self._reader.connection_made(cast(Any, transport))
            while not transport.is_closed and not self._is_content():
                data = sock.recv(65_536)
                if not data:
                    break
                was_opening = self._reader.phase is Phase.OPENING
                if was_opening and data.startswith(b"HTTP/1.1 101 "):
                    self._measured("handshake", time.monotonic() - self._begun)
                self._reader.data_received(data)

    # Calls of the reader

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
        self._failed("reset", f"{self._reader}: it was reset although it had a cursor")

    def lost(self, reader: SimulatedReader, wait: float) -> None:
        self._wait = wait

    def fault(self, kind: str, reader: SimulatedReader, text: str, missed: tuple[int, int] | None = None) -> None:
        names = self.ledger.between(*missed) if missed else []
        self._failed(kind, f"{reader}: {text}" + (f": missed {', '.join(names)}" if names else ""))

    def over(self, text: str) -> None:
        self._failed("over", f"{self._reader}: {text}")
