"""`make load`, as it is used: a night with locust against a server that it starts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from loadtest.load import LOCUST
from tests.support.command import environment

SMALL = ("--readers", "40", "--probes", "3", "--seconds", "12")


async def load(report: Path, *options: str) -> tuple[int | None, str]:
    """Its exit status, and all that it printed."""
    assert LOCUST.exists(), "these tests need an environment with locust: scripts/setup load"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.load", "--report", str(report), *SMALL, *options),
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(100):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.slow
async def test_a_night_without_a_fault_ends_with_a_report(tmp_path):
    report = tmp_path / "load.html"
    status, out = await load(report)
    assert status == 0, out
    for name in ("handshake", "catch-up", "publish to receive", "a second's p99", "write"):
        assert name in out
    html = report.read_text()
    assert "publish to receive" in html and "steady: " in html and "<polyline" in html
    [line] = [line for line in out.splitlines() if "everyone everything, in order, once; p99 " in line]
    assert line.startswith("43 readers, ") and f"<h1>{line}</h1>" in html


@pytest.mark.slow
async def test_a_lost_entry_fails_it_and_the_readers_are_named_with_what_they_missed(tmp_path):
    status, out = await load(tmp_path / "load.html", "--break")
    assert status == 1, out
    assert "<h1 class=failed>FAILED: 43 readers" in (tmp_path / "load.html").read_text()
    failures = out.partition("Error report")[2]
    for kind in ("probe missed", "held missed"):
        [first, *_] = [line for line in failures.splitlines() if kind in line]
        assert "readers" in first and "lacks seq" in first and "(entry " in first
