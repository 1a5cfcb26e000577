"""Which blogs a node compares with the store, and when it may answer without that."""

from __future__ import annotations

import os

import pytest

from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.sync.freshness import KEEP_SECONDS, REACH_SECONDS, TICK_SECONDS, Freshness
from tests.support.clock import Clock


def hub_of(blog: str) -> Hub:
    return Hub(Replica(blog), Timing(lambda _delay, _work: None, lambda: 0.0), os.write)


class Blogs:
    """Some blogs in memory, all checked now."""

    def __init__(self, number: int) -> None:
        self.clock = Clock()
        self.clock.now = 10_000.0
        self.freshness = Freshness(self.clock)
        self.hubs = {f"blog-{n}": hub_of(f"blog-{n}") for n in range(number)}
        for blog in self.hubs:
            self.freshness.use(blog)
            self.freshness.check(blog, self.clock.now)
        self.freshness.tick()

    def wait(self, seconds: float) -> None:
        """Let time pass on a node that runs."""
        for _ in range(round(seconds / TICK_SECONDS)):
            self.clock.now += TICK_SECONDS
            assert not self.freshness.tick()


def test_of_thousands_of_unused_blogs_a_few_are_compared_and_all_in_turn():
    blogs = Blogs(2_000)
    assert len(blogs.freshness.next(blogs.hubs)) == 2_000, "all have just been used"
    blogs.wait(60)
    seen: set[str] = set()
    for _ in range(400):
        compared = blogs.freshness.next(blogs.hubs)
        assert len(compared) <= 10
        seen.update(compared)
    assert len(seen) == 2_000


@pytest.mark.parametrize("reason", ["request", "reader", "change"])
def test_blogs_in_use_are_always_compared(reason: str):
    blogs = Blogs(100)
    blogs.wait(60)
    if reason == "request":
        blogs.freshness.use("blog-99")
    elif reason == "reader":
        blogs.hubs["blog-99"].held_requests = 1
    else:
        blogs.freshness.change("blog-99")
        blogs.wait(60)
    for _ in range(5):
        assert "blog-99" in blogs.freshness.next(blogs.hubs)


def test_a_replica_that_was_not_compared_for_seconds_is_not_fresh():
    blogs = Blogs(1)
    assert blogs.freshness.is_fresh("blog-0")
    blogs.wait(6)
    assert not blogs.freshness.is_fresh("blog-0")
    assert not blogs.freshness.is_held("blog-0"), "its readers are told of changes all the time"
    blogs.freshness.check("blog-0", blogs.clock.now)
    assert blogs.freshness.is_fresh("blog-0")


def test_a_node_without_its_store_answers_with_what_it_has():
    blogs = Blogs(1)
    blogs.wait(6)
    blogs.freshness.fail("blog-0", blogs.clock.now)
    assert blogs.freshness.is_fresh("blog-0")


@pytest.mark.parametrize("notices", ["the tick", "a request", "a delivery"])
def test_after_a_sleep_no_look_of_before_counts(notices: str):
    blogs = Blogs(1)
    before = blogs.clock.now
    blogs.clock.now += 1.5
    freshness = blogs.freshness
    if notices == "the tick":
        assert freshness.tick()
    elif notices == "a request":
        assert not freshness.is_fresh("blog-0")
    else:
        assert freshness.is_held("blog-0")
    freshness.tick()
    freshness.check("blog-0", before)
    freshness.fail("blog-0", before)
    assert freshness.is_held("blog-0") and not freshness.is_fresh("blog-0"), "both looks began before the sleep"
    freshness.check("blog-0", blogs.clock.now)
    assert freshness.is_fresh("blog-0") and not freshness.is_held("blog-0")


def test_readers_are_held_for_a_bounded_time():
    blogs = Blogs(1)
    blogs.clock.now += 10
    assert blogs.freshness.is_held("blog-0")
    blogs.wait(REACH_SECONDS)
    assert not blogs.freshness.is_held("blog-0")


def test_a_node_that_does_not_compare_is_always_fresh():
    freshness = Freshness()
    freshness.use("blog")
    assert freshness.is_fresh("blog") and not freshness.is_held("blog")


def test_only_blogs_that_nobody_uses_leave_memory_a_few_at_once():
    blogs = Blogs(30)
    blogs.wait(KEEP_SECONDS - 1)
    assert blogs.freshness.leaving(blogs.hubs) == []
    blogs.freshness.use("blog-0")
    blogs.hubs["blog-1"].held_requests = 1
    blogs.wait(2)
    for _ in range(20):
        leaving = blogs.freshness.leaving(blogs.hubs)
        assert len(leaving) <= 4
        for blog in leaving:
            del blogs.hubs[blog]
            blogs.freshness.forget(blog)
    assert [*blogs.hubs] == ["blog-0", "blog-1"]
