"""A random sample of a blog's readers, which are asked to say when they have painted an update.

There is a sample only while somebody looks at its figures. All other readers cost nothing, and those that do not answer
cost one small message. Nothing is kept about a reader but the seq of its last answer, for as long as it is connected.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from stoppress.live.deliveries import DeliveryLog
from stoppress.live.fd_group import Reader
from stoppress.wire.messages import SampleRequest

MAX_SAMPLE = 200
"""Maximum number of readers in the samples of all blogs of a node."""

_GROWTH = 1.1
"""Growth of the number of readers after which a sample is drawn anew."""


class ReaderSample:
    """See the module's docstring."""

    def __init__(self, deliveries: DeliveryLog) -> None:
        self._deliveries = deliveries
        self._asked: dict[Reader, int] = {}  # and the seq up to which answers do not count
        self._drawn_from = 0  # the number of readers at the last draw

    def __len__(self) -> int:
        return len(self._asked)

    def __contains__(self, reader: object) -> bool:
        return reader in self._asked

    def draw(self, readers: Sequence[Reader], size: int, seq: int) -> None:
        """Draw a new sample. Tell those that are new in it, and those that are not in it any longer.

        Args:
            readers: all readers.
            size: the size of the sample.
            seq: that of the head: nobody can have painted later changes.
        """
        chosen = dict.fromkeys(random.sample(readers, min(size, len(readers))))
        self._tell([reader for reader in self._asked if reader not in chosen], answer=False)
        self._tell([reader for reader in chosen if reader not in self._asked], answer=True)
        self._asked = {reader: self._asked.get(reader, seq) for reader in chosen}
        self._drawn_from = len(readers)

    def stands_for(self, readers: int) -> bool:
        """Return whether the sample represents so many readers. One that is only filled up has too many early ones."""
        return readers <= self._drawn_from * _GROWTH

    def add(self, readers: Iterable[Reader], seq: int) -> None:
        """Add readers to the sample."""
        new = [reader for reader in readers if reader not in self._asked]
        self._tell(new, answer=True)
        self._asked.update(dict.fromkeys(new, seq))

    def end(self) -> None:
        """Tell all readers of the sample that their answers are not needed any longer."""
        self._tell(list(self._asked), answer=False)
        self._asked.clear()

    def discard(self, reader: Reader) -> None:
        """Forget a reader that has left."""
        self._asked.pop(reader, None)

    def painted(self, reader: Reader, cursor: str) -> None:
        """Take the answer of a reader, which counts once for each delivery."""
        seq = self._asked.get(reader)
        if seq is not None and (answered := self._deliveries.answered(cursor, seq)) is not None:
            self._asked[reader] = answered

    @staticmethod
    def _tell(readers: Iterable[Reader], *, answer: bool) -> None:
        for reader in readers:
            reader.send(reader.encoding.encode(SampleRequest(answer)))
