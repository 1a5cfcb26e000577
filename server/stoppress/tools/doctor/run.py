"""`stoppress doctor`: run all checks and print their findings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping

import click
import msgspec

from stoppress import settings
from stoppress.errors import StartError, StoppressError
from stoppress.tools.doctor.finding import Finding, Level, fail, warn
from stoppress.tools.doctor.machine import check_machine, check_start
from stoppress.tools.doctor.site import SiteCheck
from stoppress.tools.doctor.stores import StoreCheck

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


async def examine(flags: Mapping[str, str | None], url: str | None, blog: str, *, json: bool) -> None:
    """Print a line for each finding.

    Args:
        flags: the settings of the node, as `serve` takes them. Without any, and with a `url`, check only the site.
        url: the address of the site as readers see it; None: do not check the site.
        blog: the blog to read there; empty: the first one that the site lists.
        json: print one JSON object at the end instead.

    Raises:
        StoppressError: a check failed.
    """
    findings = []
    async for finding in _findings(flags, url, blog):
        findings.append(finding)
        level = click.style(f"{finding.level.value:<4}", fg=_COLOURS[finding.level], bold=True)
        if not json:
            click.echo(f"{level}  {finding.subject:<11}  {finding.text}")
    counts = {level.value: sum(one.level is level for one in findings) for level in Level}
    if json:
        listed = [{"level": one.level.value, "check": one.subject, "message": one.text} for one in findings]
        click.echo(msgspec.json.encode({"findings": listed, "counts": counts}).decode())
    if failed := counts["fail"]:
        where = "the findings of level `fail`" if json else "the lines that begin with `fail`"
        raise StoppressError(f"{failed} check{'s' if failed > 1 else ''} failed; see {where}")


async def _new(findings: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """Leave out a failure that another check has found: the parts of a node are also checked one by one."""
    seen = set()
    async for finding in findings:
        if finding.level is not Level.FAIL or finding.text not in seen:
            seen.add(finding.text)
            yield finding


async def _findings(flags: Mapping[str, str | None], url: str | None, blog: str) -> AsyncIterator[Finding]:
    for text in settings.unknown():
        yield warn("settings", text)
    node = None
    given = (flags.get(one.name) is not None or one.variable in os.environ for one in settings.SETTINGS)
    if url is None or any(given):
        try:
            node = settings.load(flags)
        except StartError as error:
            yield fail("settings", str(error))
    if node is not None:
        async for finding in _new(_of_node(node)):
            yield finding
    if url is not None:
        async for finding in SiteCheck(url, blog, node).findings():
            yield finding


async def _of_node(node: settings.Settings) -> AsyncIterator[Finding]:
    for finding in check_machine(node):
        yield finding
    try:
        store = StoreCheck(node.read_store())
    except StartError as error:
        yield fail("store", str(error))
    else:
        async for finding in store.findings():
            yield finding
    for finding in check_start(node):
        yield finding
