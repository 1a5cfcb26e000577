"""Cancellation of tasks that is certain to end them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_CANCEL_INTERVAL_SECONDS = 0.1
"""Seconds that a task may take to end before it is cancelled again."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they are done; ignore their results and errors.

    Once is not enough: the `wait_for` of Python 3.11, which redis-py uses, can swallow a cancellation. If the caller is
    cancelled meanwhile, that counts when the tasks have ended.
    """
    pending, cancelled = {task for task in tasks if not task.done()}, None
    while pending:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_INTERVAL_SECONDS)
        except asyncio.CancelledError as error:
            cancelled, pending = error, {task for task in pending if not task.done()}
    if cancelled is not None:
        raise cancelled
