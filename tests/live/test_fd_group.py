from __future__ import annotations

import random

import pytest

from stoppress.live.fd_group import PHASES, FdGroup
from stoppress.model import Cursor
from stoppress.wire.encodings import HTTP_JSON


class Reader:
    """A connection that takes as many bytes as it is told to."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.encoding = HTTP_JSON
        self.cursor: Cursor | None = None
        self.fd_group: FdGroup | None = None
        self.slot = 0
        self.room: int | OSError = 10**6
        self.got: list[bytes] = []
        self.short: list[int] = []

    def write(self, data: bytes) -> int:
        if isinstance(self.room, OSError):
            raise self.room
        self.got.append(data)
        return min(self.room, len(data))

    def send(self, data: bytes) -> None:
        self.got.append(data)

    def took(self, data: bytes, count: int) -> None:
        self.short.append(count)
        if self.fd_group is not None:
            self.fd_group.remove(self)

    def close(self, code: int, reason: str) -> None:
        raise AssertionError("nobody is sent away here")


@pytest.fixture
def readers() -> list[Reader]:
    return [Reader(fd) for fd in range(100)]


@pytest.fixture
def fd_group(readers: list[Reader]) -> FdGroup:
    fd_group = FdGroup(lambda fd, data: readers[fd].write(data))
    for reader in readers:
        fd_group.add(reader)
    return fd_group


def test_each_gets_what_is_sent_once_whoever_left_before(fd_group: FdGroup, readers: list[Reader]):
    gone = random.Random(1).sample(readers, 60)
    for reader in gone:
        fd_group.remove(reader)
    fd_group.send(b"news")
    assert [reader.got for reader in readers] == [[] if reader in gone else [b"news"] for reader in readers]
    assert len(fd_group) == 40
    assert all(reader.fd_group is (None if reader in gone else fd_group) for reader in readers)


def test_all_others_have_it_before_those_are_looked_at_who_did_not_take_all(fd_group: FdGroup, readers: list[Reader]):
    readers[0].room, readers[50].room, readers[99].room = 2, BlockingIOError(), ConnectionResetError()
    fd_group.send(b"news")
    assert [readers[n].short for n in (0, 50, 99)] == [[2], [0], [-1]]
    assert all(reader.got == [b"news"] and not reader.short for reader in readers[1:50])
    fd_group.send(b"more")
    assert readers[1].got == [b"news", b"more"]
    assert len(fd_group) == 97


def test_a_crowd_may_take_over_another(fd_group: FdGroup, readers: list[Reader]):
    other = FdGroup(lambda fd, data: readers[fd].write(data))
    other.take_all(fd_group)
    fd_group.send(b"to nobody")
    other.send(b"to all")
    assert all(reader.got == [b"to all"] and reader.fd_group is other for reader in readers)


def test_a_beat_reaches_each_in_one_of_its_phases(fd_group: FdGroup, readers: list[Reader]):
    sizes = []
    for phase in range(PHASES):
        before = sum(len(reader.got) for reader in readers)
        fd_group.beat(b"beat", phase)
        sizes.append(sum(len(reader.got) for reader in readers) - before)
    assert all(reader.got == [b"beat"] for reader in readers)
    assert max(sizes) <= 2 * len(readers) / PHASES
