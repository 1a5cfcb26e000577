"""The output of `stoppress swarm`: a progress line, and the results at the end."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from stoppress.tools.swarm.histogram import FineHistogram
from stoppress.tools.swarm.publisher import Publisher
from stoppress.tools.swarm.swarm import Second, Swarm

_PLAIN_INTERVAL_SECONDS = 5
"""Seconds between progress lines if the output is not a terminal."""

_SHOWN_FAULTS = 20
_RECENT = 5
"""The progress line shows the percentiles of this many seconds."""


class Output:
    """Prints the progress of a run, and the results at the end.

    Args:
        json: print the results as JSON, with the figures of each second.
        ticks: print each second as a line of JSON, and the results as the last line.
    """

    def __init__(self, *, json: bool, ticks: bool) -> None:
        self._json, self._ticks = json, ticks
        self._progress = sys.stderr if json or ticks else sys.stdout
        self._refresh = self._progress.isatty()

    def second(self, swarm: Swarm, second: Second) -> None:
        """Show the progress after each second: one line on a terminal, otherwise a line every few seconds."""
        if self._ticks:
            _print_json(_second(second))
        if not self._refresh and second.at % _PLAIN_INTERVAL_SECONDS:
            return
        line = _progress(swarm, second)
        click.echo(f"\r\x1b[2K{line}" if self._refresh else line, file=self._progress, nl=not self._refresh)

    def end_progress(self) -> None:
        """Remove the progress line from the terminal."""
        if self._refresh:
            click.echo("\r\x1b[2K", file=self._progress, nl=False)

    def figures(self, swarm: Swarm, publisher: Publisher | None, usage: dict[str, float]) -> None:
        """Print the results."""
        content = _summary(swarm, publisher, usage)
        if self._json:
            content["seconds"] = [_second(second) for second in swarm.seconds]
        if self._json or self._ticks:
            _print_json(content)
        else:
            _print_summary(content)


def _progress(swarm: Swarm, second: Second) -> str:
    recent = FineHistogram()
    for one in list(swarm.seconds)[-_RECENT - 1 :]:
        recent.merge(one.latency)
    times = recent.milliseconds()
    faults = sum(swarm.kinds.values())
    return (
        f"{second.at // 60:02d}:{second.at % 60:02d}  {swarm.live_count:,} of {len(swarm.readers):,} live"
        f"  {second.delivered:,}/s  p50 {times['p50']:.1f}  p99 {times['p99']:.1f}  max {times['max']:.1f} ms"
        f"  {swarm.closed:,} closed  "
    ) + (click.style(f"{faults:,} faults", fg="red") if faults else "0 faults")


def _second(second: Second) -> dict[str, Any]:
    """Return the figures of one second for JSON; `buckets` is its histogram."""
    times = second.latency.milliseconds()
    return {
        "second": second.at,
        "live": second.live,
        "closed": second.closed,
        "dropped": second.dropped,
        "back": second.back,
        "delivered": second.delivered,
        "p50_ms": times["p50"],
        "p99_ms": times["p99"],
        "max_ms": times["max"],
        "buckets": {str(bucket): count for bucket, count in sorted(second.latency.counts.items())},
    }


def _summary(swarm: Swarm, publisher: Publisher | None, usage: dict[str, float]) -> dict[str, Any]:
    """Return all results. `wrong` is empty if all checks passed."""
    return {
        "readers": len(swarm.readers),
        "most_live": swarm.most_live,
        "live": swarm.live_count,
        "delivered": swarm.delivered,
        "closed": swarm.closed,
        "refused": swarm.refused,
        "resets": swarm.resets,
        "publish_to_receive_ms": swarm.latency.milliseconds(),
        "connect_ms": swarm.connecting.milliseconds(),
        "back_ms": swarm.returning.milliseconds(),
        "returned": len(swarm.returning),
        "writes": None
        if publisher is None
        else {
            "answered": publisher.answered,
            "repeated": publisher.repeated,
            "left_out": publisher.left_out,
            "failed": publisher.failures,
        },
        **usage,
        "wrong": dict(swarm.kinds),
        "faults": [
            {"kind": fault.kind, "reader": fault.reader, "text": swarm.in_words(fault)} for fault in swarm.faults
        ],
    }


def _print_json(content: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(content).decode())


def _print_summary(content: dict[str, Any]) -> None:
    """Print the results as text."""
    write = click.echo
    write(
        f"{content['most_live']:,} of {content['readers']:,} readers connected at the same time, "
        f"{content['delivered']:,} deliveries, {content['closed']:,} closed by the server, "
        f"{content['refused']:,} rejected, {content['returned']:,} reconnected, {content['resets']:,} reset"
    )
    names = (("publish to receive", "publish_to_receive_ms"), ("connect", "connect_ms"), ("reconnect", "back_ms"))
    write(f"{'milliseconds':20}{'p50':>10}{'p95':>10}{'p99':>10}{'p99.9':>10}{'max':>10}")
    for name, key in names:
        if content[key]["max"]:
            write(f"{name:20}" + "".join(f"{value:10.1f}" for value in content[key].values()))
    if writes := content["writes"]:
        write(
            f"{writes['answered']:,} writes, {writes['repeated']:,} repeated, {writes['left_out']:,} skipped, "
            f"{len(writes['failed']):,} failed"
        )
    write(f"this process used {content['cpu_seconds']:.1f} s of CPU and {content['resident_mb']:.0f} MB of memory")
    for fault in content["faults"][:_SHOWN_FAULTS]:
        write(f"{fault['kind']}: {fault['reader']}: {fault['text']}")
    if len(content["faults"]) > _SHOWN_FAULTS:
        write(f"... and {sum(content['wrong'].values()) - _SHOWN_FAULTS:,} more; --json lists up to 1,000 of them")
    counts = ", ".join(f"{count:,} {kind}" for kind, count in content["wrong"].items())
    write(f"FAULTS: {counts}" if counts else "every reader got every change, once and in order")
