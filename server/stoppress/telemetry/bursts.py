"""One log line for many events of one kind, so that a bad moment of thousands of blogs stays readable."""

from __future__ import annotations

import asyncio
import logging

_WINDOW_SECONDS = 2.0
"""Seconds for which events are collected before they are logged."""

_MAX_NAMES = 5
"""Maximum number of blogs that are named in a line."""


class Burst:
    """Collects events and logs them as one line per window.

    Args:
        log: gets the lines.
        event: the name of the event.
    """

    def __init__(self, log: logging.Logger, event: str) -> None:
        self._log = log
        self._event = event
        self._names: dict[str, None] = {}
        self._count = 0
        self._detail = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, blog: str, count: int = 1, detail: str = "") -> None:
        """Add `count` events of a blog; the line has the last `detail` that is not empty."""
        self._names[blog] = None
        self._count += count
        self._detail = detail or self._detail
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WINDOW_SECONDS, self.flush)

    def flush(self) -> None:
        """Log what has been collected."""
        if self._timer is not None:
            self._timer.cancel()
            extra = {"blogs": len(self._names), "names": list(self._names)[:_MAX_NAMES], "count": self._count}
            self._log.warning(self._event, extra={**extra, **({"error": self._detail} if self._detail else {})})
        self._names, self._count, self._detail, self._timer = {}, 0, "", None
