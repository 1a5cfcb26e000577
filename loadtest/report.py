"""The report of a load test: one page without scripts, with the verdict first."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import log10
from typing import Any, NamedTuple

from loadtest.probe import MAX_LAG_SECONDS, SILENCE_SECONDS
from stoppress.tools.swarm.histogram import FineHistogram

WIDTH, HEIGHT, LEFT, BOTTOM = 860, 260, 60, 30
LINES = (("p50", 50, "#1a7f5a"), ("p99", 99, "#c2410c"), ("max", 100, "#94a3b8"))

MAX_REASONS = 50
LIMITS = (
    "Each reader gets each change, in order and once; all readers have the same content.",
    f"At the end each reader has the newest change within {MAX_LAG_SECONDS:g} seconds.",
    f"No connection is silent for {SILENCE_SECONDS:g} seconds.",
    "The server answers each write, and rejects each hostile client.",
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1e293b }
h1 { font-size: 1.5rem; line-height: 1.3; border-left: .5rem solid #1a7f5a; padding-left: 1rem }
h1.failed { border-color: #b91c1c; color: #b91c1c }
h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; font-size: .9rem } td, th { padding: .2rem .8rem .2rem 0; text-align: left }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto } svg text { font-size: 12px; fill: #475569 }
li { overflow-wrap: anywhere }
"""


class Deliveries:
    """The number of readers, the number of deliveries to them, and the delivery times of each second."""

    def __init__(self) -> None:
        self.readers = self.count = 0
        self.seconds: dict[int, FineHistogram] = {}

    def add(self, second: int, count: int, times: FineHistogram) -> None:
        """Count the deliveries of a second, in Unix time."""
        self.count += count
        self.seconds.setdefault(second, FineHistogram()).merge(times)

    def pack(self) -> dict[str, Any]:
        """Return everything as builtin types, for `merge`."""
        seconds = {second: dict(times.counts) for second, times in self.seconds.items()}
        return {"readers": self.readers, "count": self.count, "seconds": seconds}

    def merge(self, packed: Mapping[str, Any]) -> None:
        """Add what another process has counted."""
        self.readers += packed["readers"]
        self.count += packed["count"]
        for second, counts in packed["seconds"].items():
            self.add(second, 0, FineHistogram(counts))

    def times(self) -> FineHistogram:
        """Return the delivery times of all seconds."""
        whole = FineHistogram()
        for times in self.seconds.values():
            whole.merge(times)
        return whole


class Row(NamedTuple):
    """One kind of measured times, in milliseconds."""

    kind: str
    name: str
    times: int
    p50: float
    p99: float
    max: float


def problems(faults: Sequence[str], deliveries: Deliveries) -> list[str]:
    """Return the reasons why a run failed."""
    return [*faults, *([] if deliveries.count else ["Nothing was delivered, so the run shows nothing."])]


def headline(deliveries: Deliveries, reasons: Sequence[str]) -> str:
    """Return the verdict in one line."""
    size = f"{deliveries.readers:,} readers, {deliveries.count:,} deliveries"
    if reasons:
        more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        return f"FAILED: {size}: {reasons[0][:200]}{more}"
    p99 = deliveries.times().percentile(99) * 1000
    return f"{size}, everyone everything, in order, once; p99 {p99:,.0f} ms"


def page(
    facts: Mapping[str, str], deliveries: Deliveries, reasons: Sequence[str], rows: Iterable[Row], before: str = ""
) -> str:
    """Return the report as HTML.

    Args:
        facts: names and values of the set-up, such as the scenario.
        deliveries: what readers got.
        reasons: why the run failed; empty: it passed.
        rows: the measured times.
        before: comes before the verdict, if it is not the last one.
    """
    title = escape(before + headline(deliveries, reasons))
    parts = [
        f"<h1{' class=failed' if reasons else ''}>{title}</h1>",
        *(["<h2>Why it failed</h2>", _list(reasons[:MAX_REASONS])] if reasons else []),
        "<h2>Set-up</h2>",
        _table((), [(name, value) for name, value in {**facts, **_machine()}.items()]),
        "<h2>Delivery times, second by second</h2>",
        _chart(deliveries),
        "<h2>What must hold</h2>",
        _list(LIMITS),
        "<h2>Measured times in milliseconds</h2>",
        _table(Row._fields, [(*row[:2], *(f"{value:,.0f}" for value in row[2:])) for row in rows]),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    head = f'<!doctype html>\n<html lang="en">\n<head>{head}<style>{STYLE}</style></head>\n<body>'
    return "\n".join([head, *parts, "</body>\n</html>\n"])


def _machine() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    readers = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    return {
        "Machine of the readers": f"{readers}, Python {platform.python_version()}",
        "Ended": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def _list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        classes = ("", "", *[" class=number"] * len(row))
        return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(classes, row, strict=False))

    lines = (cells("th", names), *(cells("td", row) for row in rows))
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines if line)}</table>"


def _chart(deliveries: Deliveries) -> str:
    """Draw percentiles over time, with a logarithmic axis of milliseconds."""
    seconds = sorted(second for second, times in deliveries.seconds.items() if len(times))
    if not seconds:
        return "<p>No delivery was measured.</p>"
    first, span = seconds[0], max(1, seconds[-1] - seconds[0])
    top = max(1.0, log10(deliveries.times().percentile(100) * 1000))

    def x(second: int) -> float:
        return LEFT + (second - first) / span * (WIDTH - LEFT - 20)

    def y(milliseconds: float) -> float:
        return (HEIGHT - BOTTOM) * (1 - log10(max(1.0, milliseconds)) / top) + 10

    parts = []
    for power in range(int(top) + 1):
        at = y(10**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - 20}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10**power:,} ms</text>')
    for number, (name, percent, colour) in reversed([*enumerate(LINES)]):  # the slowest first, below the others
        values = ((second, deliveries.seconds[second].percentile(percent) * 1000) for second in seconds)
        points = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in values)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 60 * number}" y="{HEIGHT + 12}" style="fill:{colour}">{name}</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{HEIGHT + 12}" text-anchor="end">{span} s</text>')
    label = "Delivery times over the run: p50, p99 and maximum of each second"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 20}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
