"""Passes: who has to leave the hub of a private blog, and when."""

from __future__ import annotations

import pytest

from stoppress.live.passes import CLOSED_AT_ONCE, FOREVER, NO_PASS
from tests.live.reader import Reader
from tests.live.test_hub import World


class PrivateWorld(World):
    """A hub whose blog is private if `closed` says so."""

    closed = False

    def __init__(self) -> None:
        super().__init__()
        self.hub.passes.is_private = lambda: self.closed

    def come(self, ends: int, **options) -> Reader:
        reader = Reader(len(self.readers), **options)
        reader.ends = ends
        self.readers.append(reader)
        self.hub.join(reader)
        return reader


@pytest.fixture
def world() -> PrivateWorld:
    return PrivateWorld()


def test_a_reader_leaves_in_the_second_in_which_its_pass_ends(world: PrivateWorld):
    world.closed = True
    early, late, key = world.come(100), world.come(200), world.come(FOREVER)
    assert len(world.hub.passes) == 2
    for now in (99.9, 100, 150):
        world.hub.passes.end(now)
        assert (early.closed, late.closed, key.closed) == (None if now < 100 else 4401, None, None)
    assert (world.hub.reader_count, len(world.hub.passes)) == (2, 1)


def test_a_guest_cannot_join_a_private_blog(world: PrivateWorld):
    world.closed = True
    guest = world.come(NO_PASS)
    assert (guest.closed, guest.sent, world.hub.reader_count) == (4403, [b""], 0)


def test_guests_leave_before_the_first_message_that_is_not_for_them(world: PrivateWorld):
    guests = [world.come(NO_PASS) for _ in range(2 * CLOSED_AT_ONCE + 1)]
    member = world.come(100)
    seen = len(guests[0].messages)
    world.closed = True
    world.publish(1)
    world.wait()
    assert sum(guest.closed == 4403 for guest in guests) == CLOSED_AT_ONCE
    assert len(member.messages) == 1, "nobody gets it as long as a guest is there"
    for _ in range(3):
        world.wait(0.1)
    assert all(guest.closed == 4403 and len(guest.messages) == seen for guest in guests)
    assert len(member.messages) == 2
    assert world.hub.reader_count == 1


def test_a_slow_guest_gets_nothing_more(world: PrivateWorld):
    guest = world.come(NO_PASS)
    world.hub.pause(guest)
    world.publish(1)
    world.closed = True
    world.hub.resume(guest)
    assert (guest.closed, len(guest.messages)) == (4403, 1)


def test_nobody_has_to_leave_a_blog_that_has_opened(world: PrivateWorld):
    world.closed = True
    reader = world.come(100)
    world.closed = False
    world.hub.passes.end(101)
    assert (reader.closed, len(world.hub.passes)) == (None, 0)
    world.closed = True
    world.publish(1)
    world.wait()
    assert reader.closed == 4403


def test_a_revoked_reader_leaves_a_private_blog_only(world: PrivateWorld):
    first, second = world.come(FOREVER), world.come(FOREVER)
    world.hub.passes.revoke(first)
    assert first.closed is None
    world.closed = True
    world.hub.passes.revoke(second)
    assert second.closed == 4403


def test_a_reader_that_has_left_is_forgotten(world: PrivateWorld):
    reader = world.come(100)
    world.hub.leave(reader)
    assert len(world.hub.passes) == 0
    world.hub.passes.end(200)
    assert reader.closed is None


def test_many_passes_end_in_portions(world: PrivateWorld):
    world.closed = True
    readers = [world.come(100) for _ in range(CLOSED_AT_ONCE + 50)]
    assert world.hub.passes.end(100)
    assert sum(reader.closed == 4401 for reader in readers) == CLOSED_AT_ONCE
    assert not world.hub.passes.end(100)
    assert all(reader.closed == 4401 for reader in readers)
