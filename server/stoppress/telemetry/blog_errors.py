"""Errors of single blogs: counted each time, and logged once until the blog works again.

A node serves many blogs. What is wrong with one of them, such as a record that cannot be read, must neither end the
work for the others nor fill the log.
"""

from __future__ import annotations

import logging

from stoppress.errors import StoppressError
from stoppress.telemetry.counts import Counts

_MAX_REPORTED = 1_000
"""Maximum number of errors that are remembered as logged. After more, all are logged again."""

log = logging.getLogger("stoppress.blogs")


class BlogErrors:
    """Reports errors. `work` is one of `counts.BLOG_WORK`."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._reported: set[tuple[str, str]] = set()

    def report(self, blog: str, work: str, error: Exception) -> None:
        """Count an error, and log it if the same work of the same blog has not failed before."""
        self._counts.blog_errors[work] += 1
        if (blog, work) in self._reported:
            return
        if len(self._reported) >= _MAX_REPORTED:
            self._reported.clear()
        self._reported.add((blog, work))
        unexpected = None if isinstance(error, StoppressError) else error
        log.warning("blog_failed", exc_info=unexpected, extra={"blog": blog, "work": work, "error": str(error)})

    def clear(self, blog: str, *works: str) -> None:
        """Log the next errors again, because the work of the blog has succeeded."""
        self._reported.difference_update((blog, work) for work in works)
