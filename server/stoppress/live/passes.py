"""The passes of readers at the hub of a private blog: a reader stays until its pass ends.

A pass has the second in which it ends, and readers are kept by it. So one look per second finds all whose time is over,
and no reader needs a timer of its own. Readers without a pass are guests: they stay as long as everybody may read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stoppress.live.fd_group import Reader
from stoppress.wire.close_reasons import ACCESS_CHANGED, ACCESS_REVOKED, TOKEN_ENDED, CloseReason

NO_PASS = 0
"""The `ends` of a guest."""

FOREVER = 2**62
"""The `ends` of a reader whose right to read is checked in another way than by time."""

CLOSED_AT_ONCE = 200
"""Maximum number of readers whose connections are closed before the event loop does other work."""


class Passes:
    """The passes of one blog's readers.

    Args:
        readers: returns all readers of the blog.
        dismiss: closes the connection of one of them, if it is still there.
    """

    def __init__(self, readers: Callable[[], Iterator[Reader]], dismiss: Callable[[Reader, CloseReason], None]) -> None:
        self.is_private: Callable[[], bool] = lambda: False
        """Returns whether only readers with a pass may read the blog now."""
        self._readers = readers
        self._dismiss = dismiss
        self._by_second: dict[int, set[Reader]] = {}
        self._has_guests = False  # there may be some
        self._leaving: list[Reader] = []  # guests of a blog that has become private

    def __len__(self) -> int:
        """Return the number of passes that will end."""
        return sum(map(len, self._by_second.values()))

    def admits(self, reader: Reader) -> bool:
        """Return whether a reader may read the blog now."""
        return reader.ends != NO_PASS or not self.is_private()

    def add(self, reader: Reader) -> None:
        """Note when a reader that has joined has to leave."""
        if reader.ends == NO_PASS:
            self._has_guests = True
        elif reader.ends < FOREVER:
            self._by_second.setdefault(reader.ends, set()).add(reader)

    def remove(self, reader: Reader) -> None:
        """Forget a reader that has left."""
        readers = self._by_second.get(reader.ends)
        if readers is not None:
            readers.discard(reader)
            if not readers:
                del self._by_second[reader.ends]

    def end(self, now: float) -> bool:
        """Send away some readers whose pass has ended, unless everybody may read. Return whether there are more.

        Args:
            now: the Unix time in seconds.
        """
        ended = self._ended(now) if self._by_second else []
        for reader in ended:
            self._take(reader, TOKEN_ENDED)
        return len(ended) == CLOSED_AT_ONCE

    def revoke(self, reader: Reader) -> None:
        """Take away the pass of a reader. Send the reader away unless everybody may read."""
        self._take(reader, ACCESS_REVOKED)

    def _take(self, reader: Reader, close_reason: CloseReason) -> None:
        if self.is_private():
            self._dismiss(reader, close_reason)
        self.remove(reader)
        reader.ends, self._has_guests = NO_PASS, True

    def _ended(self, now: float) -> list[Reader]:
        found: list[Reader] = []
        for second in [second for second in self._by_second if second <= now]:
            found += list(self._by_second[second])[: CLOSED_AT_ONCE - len(found)]
            if len(found) == CLOSED_AT_ONCE:
                break
        return found

    def send_guests_away(self) -> bool:
        """Send away some guests if the blog has become private. Return whether there are more."""
        if self._has_guests and self.is_private():
            self._has_guests = False
            self._leaving = [reader for reader in self._readers() if reader.ends == NO_PASS]
        some = self._leaving[-CLOSED_AT_ONCE:]
        del self._leaving[-CLOSED_AT_ONCE:]
        for reader in some:
            self._dismiss(reader, ACCESS_CHANGED)
        return bool(self._leaving)
