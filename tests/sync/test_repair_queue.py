"""Repairs: a few at once, urgent ones first, and one that fails holds up no other."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from stoppress.sync.repair_queue import MAX_REPAIRS, RepairQueue


class Work:
    """Counts repairs. Each takes until `go` is set."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.running: Counter[str] = Counter()
        self.highest = 0
        self.failing: set[str] = set()
        self.go = asyncio.Event()

    async def __call__(self, blog: str) -> bool:
        self.begun.append(blog)
        self.running[blog] += 1
        assert self.running[blog] == 1, "two repairs of one blog at once"
        self.highest = max(self.highest, self.running.total())
        await self.go.wait()
        self.running[blog] -= 1
        if blog == "bad":
            raise ValueError("cannot be read")
        return blog not in self.failing


@pytest.fixture
async def work() -> Work:
    return Work()


@pytest.fixture
async def queue(work: Work) -> AsyncIterator[RepairQueue]:
    queue = RepairQueue(work)
    yield queue
    await queue.close()


async def test_few_repairs_run_at_once_and_urgent_ones_come_first(queue: RepairQueue, work: Work):
    futures = [queue.schedule(f"blog-{n}", urgent=False) for n in range(200)]
    await asyncio.sleep(0)
    futures += [queue.schedule("blog-150", urgent=True), queue.schedule("asked for", urgent=True)]
    work.go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*futures)
    assert work.highest == MAX_REPAIRS
    assert work.begun[MAX_REPAIRS : MAX_REPAIRS + 2] == ["blog-150", "asked for"]
    assert len(work.begun) == 201


async def test_callers_share_a_repair_until_it_begins(queue: RepairQueue, work: Work):
    first = queue.schedule("blog", urgent=False)
    assert queue.schedule("blog", urgent=False) is first
    await asyncio.sleep(0)
    second = queue.schedule("blog", urgent=False)
    assert second is not first and "blog" in queue
    work.go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(first, second)
    assert work.begun == ["blog", "blog"]


async def test_a_repair_that_is_not_needed_any_more_is_dropped(queue: RepairQueue, work: Work):
    for number in range(MAX_REPAIRS):
        queue.schedule(f"running-{number}", urgent=True)
    await asyncio.sleep(0)
    before = time.monotonic()
    dropped, late, urgent = (queue.schedule(blog, urgent=blog == "urgent") for blog in ("dropped", "late", "urgent"))
    queue.drop("dropped", time.monotonic() + 1)
    queue.drop("late", before - 1)  # that look began before the repair was scheduled
    queue.drop("urgent", time.monotonic() + 1)
    queue.drop("unknown", time.monotonic() + 1)
    assert (dropped.done(), late.done(), urgent.done()) == (True, False, False)
    work.go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(late, urgent)
    assert "dropped" not in work.begun


async def test_a_repair_that_fails_is_tried_again_and_holds_up_no_other(queue: RepairQueue, work: Work):
    work.failing = {f"failing-{n}" for n in range(MAX_REPAIRS)}
    work.go.set()
    failing = [queue.schedule(blog, urgent=True) for blog in sorted(work.failing)]
    async with asyncio.timeout(30):
        await asyncio.gather(*(queue.schedule(f"blog-{n}", urgent=False) for n in range(20)))
        assert not any(future.done() for future in failing)
        work.failing.clear()
        await asyncio.gather(*failing)


async def test_an_unexpected_error_ends_only_its_repair(queue: RepairQueue, work: Work, caplog):
    work.go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(queue.schedule("bad", urgent=False), queue.schedule("good", urgent=False))
    assert "repair_failed" in caplog.text
