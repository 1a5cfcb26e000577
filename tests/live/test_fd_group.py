from __future__ import annotations

import random

import pytest

from stoppress.live.fd_group import PHASES, FdGroup
from tests.live.reader import Reader


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
    assert [reader.sent for reader in readers] == [[] if reader in gone else [b"news"] for reader in readers]
    assert len(fd_group) == 40
    assert all(reader.fd_group is (None if reader in gone else fd_group) for reader in readers)


def test_readers_that_took_less_are_returned_after_all_have_been_written_to(fd_group: FdGroup, readers: list[Reader]):
    readers[0].room, readers[50].room, readers[99].room = 2, BlockingIOError(), ConnectionResetError()
    unsent = fd_group.send(b"news")
    assert unsent == [(readers[0], b"ws"), (readers[50], b"news"), (readers[99], None)]
    assert all(reader.sent == [b"news"] for reader in readers[1:50])
    assert len(fd_group) == 100, "the hub decides what becomes of them"


def test_a_group_may_take_over_another(fd_group: FdGroup, readers: list[Reader]):
    other = FdGroup(lambda fd, data: readers[fd].write(data))
    other.take_all(fd_group)
    fd_group.send(b"to nobody")
    other.send(b"to all")
    assert all(reader.sent == [b"to all"] and reader.fd_group is other for reader in readers)


def test_a_beat_reaches_each_in_one_of_its_phases(fd_group: FdGroup, readers: list[Reader]):
    sizes = []
    for phase in range(PHASES):
        before = sum(len(reader.sent) for reader in readers)
        fd_group.beat(b"beat", phase)
        sizes.append(sum(len(reader.sent) for reader in readers) - before)
    assert all(reader.sent == [b"beat"] for reader in readers)
    assert max(sizes) <= 2 * len(readers) / PHASES
