"""`stoppress doctor`: run all checks and print their findings."""

from __future__ import annotations

from collections.abc import AsyncIterator

import click

from stoppress.errors import StoppressError
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, Level
from stoppress.tools.doctor.machine import check_machine
from stoppress.tools.doctor.site import SiteCheck
from stoppress.tools.doctor.stores import StoreCheck

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


async def examine(node: Settings | None, url: str | None, blog: str) -> None:
    """Print a line for each finding.

    Args:
        node: the settings of the node; None: check only the site.
        url: the address of the site as readers see it; None: do not check the site.
        blog: the blog to read there; empty: the first one that the site lists.

    Raises:
        StoppressError: a check failed.
    """
    failed = 0
    async for finding in _findings(node, url, blog):
        level = click.style(f"{finding.level.value:<4}", fg=_COLOURS[finding.level], bold=True)
        click.echo(f"{level}  {finding.subject:<11}  {finding.text}")
        failed += finding.level is Level.FAIL
    if failed:
        raise StoppressError(f"{failed} check{'s' if failed > 1 else ''} failed; see the lines that begin with `fail`")


async def _findings(node: Settings | None, url: str | None, blog: str) -> AsyncIterator[Finding]:
    if node is not None:
        for finding in check_machine(node):
            yield finding
        async for finding in StoreCheck(node.store).findings():
            yield finding
    if url is not None:
        async for finding in SiteCheck(url, blog).findings():
            yield finding
