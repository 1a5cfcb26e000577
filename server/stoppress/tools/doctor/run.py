"""`stoppress doctor`: run all checks and print their findings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import click
import msgspec

from stoppress import settings
from stoppress.errors import StoppressError
from stoppress.tools.doctor.finding import Finding, Level, collect, fail, warn
from stoppress.tools.doctor.machine import check_machine, check_parts, check_start
from stoppress.tools.doctor.site import SiteCheck
from stoppress.tools.doctor.stores import StoreCheck, check_media
from stoppress.tools.doctor.tokens import check_tokens

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
    found = []
    async for finding in findings(flags, url, blog):
        found.append(finding)
        if not json:
            click.echo(as_line(finding))
    if json:
        click.echo(as_json(found))
    if failed := _count(found, Level.FAIL):
        where = "the findings of level `fail`" if json else "the lines that begin with `fail`"
        raise StoppressError(f"{failed} check{'s' if failed > 1 else ''} failed; see {where}")


def as_line(finding: Finding) -> str:
    """Return a finding as a line for the terminal."""
    level = click.style(f"{finding.level.value:<4}", fg=_COLOURS[finding.level], bold=True)
    return f"{level}  {finding.subject:<11}  {finding.text}"


def as_json(found: Sequence[Finding]) -> str:
    """Return findings as one JSON object: a list, and their numbers by level."""
    listed = [{"level": one.level.value, "check": one.subject, "message": one.text} for one in found]
    counts = {level.value: _count(found, level) for level in Level}
    return msgspec.json.encode({"findings": listed, "counts": counts}).decode()


def _count(found: Sequence[Finding], level: Level) -> int:
    return sum(one.level is level for one in found)


async def findings(flags: Mapping[str, str | None], url: str | None, blog: str) -> AsyncIterator[Finding]:
    """Run all checks. The arguments are those of `examine`."""
    for text in settings.unknown():
        yield warn("settings", text)
    given = (flags.get(one.name) is not None or one.variable in os.environ for one in settings.SETTINGS)
    node, wrong = settings.parse(flags) if url is None or any(given) else (None, {})
    for name, text in wrong.items():
        default = settings.Settings._field_defaults[name]
        yield fail("settings", f"{text}; the other checks go on with the default, {default!r}")
    if node is not None:
        async for finding in _of_node(node, wrong):
            yield finding
    if url is not None:
        async for finding in SiteCheck(url, blog, node, wrong).findings():
            yield finding


async def _of_node(node: settings.Settings, wrong: Collection[str]) -> AsyncIterator[Finding]:
    has_failed = bool(wrong)
    async for finding in _of_parts(node, wrong):
        has_failed |= finding.level is Level.FAIL
        yield finding
    if not has_failed:
        for finding in check_start(node):
            yield finding


async def _of_parts(node: settings.Settings, wrong: Collection[str]) -> AsyncIterator[Finding]:
    for finding in check_machine(node, wrong):
        yield finding
    if "store" not in wrong or node.store_file:
        for finding in await collect("store", _of_store(node)):
            yield finding
        for finding in await collect("media", check_media(node)):
            yield finding
    for finding in await collect("tokens", check_tokens(node)):
        yield finding
    for finding in check_parts(node):
        yield finding


async def _of_store(node: settings.Settings) -> AsyncIterator[Finding]:
    async for finding in StoreCheck(node.read_store(), node.workers).findings():
        yield finding
