"""The whole examination."""

from __future__ import annotations

from collections.abc import AsyncIterator

import click

from stoppress.errors import StoppressError
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, Level
from stoppress.tools.doctor.machine import look_at_machine
from stoppress.tools.doctor.site import SiteCheck
from stoppress.tools.doctor.stores import look_at_store

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


async def examine(node: Settings | None, url: str | None, blog: str) -> None:
    """Print a line for each finding.

    Args:
        node: what the node is started with; None: only what can be seen from outside is looked at.
        url: the site as readers have it; None: it is not looked at.
        blog: the blog to read there; empty: the first that is listed.

    Raises:
        StoppressError: something must be changed.
    """
    failed = 0
    async for finding in _findings(node, url, blog):
        level = click.style(f"{finding.level.value:<4}", fg=_COLOURS[finding.level], bold=True)
        click.echo(f"{level}  {finding.what:<11}  {finding.text}")
        failed += finding.level is Level.FAIL
    if failed:
        raise StoppressError(f"{failed} of these must be changed")


async def _findings(node: Settings | None, url: str | None, blog: str) -> AsyncIterator[Finding]:
    if node is not None:
        for finding in look_at_machine(node):
            yield finding
        async for finding in look_at_store(node.store):
            yield finding
    if url is not None:
        async for finding in SiteCheck(url, blog).look():
            yield finding
