from __future__ import annotations

import asyncio
from contextlib import suppress

from stoppress.tasks import end


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same():
    async def stubborn() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("on the way out")

    tasks = [asyncio.create_task(work()) for work in (stubborn, failing)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end(tasks)
    assert all(task.done() for task in tasks)
    assert isinstance(tasks[1].exception(), ValueError)


async def test_a_cancellation_of_the_caller_counts_when_the_tasks_have_ended():
    async def stubborn() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    ending = asyncio.create_task(end([task]))
    await asyncio.sleep(0)
    ending.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait([ending])
    assert task.done() and ending.cancelled()
