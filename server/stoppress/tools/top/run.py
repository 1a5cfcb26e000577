"""Read the metrics of a node and print them, again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path

import click
import httpx

from stoppress.errors import StartError, StoppressError
from stoppress.tools.top.reading import Between, Reading

_HOME_AND_CLEAR = "\x1b[H\x1b[J"


def run(url: str, token_file: str | None, every: float) -> None:
    """Show a node until Ctrl-C. If the output is not a terminal, print it once as plain text.

    Args:
        url: the address of the node.
        token_file: the file with the token for its `/metrics`.
        every: seconds between two readings.

    Raises:
        StoppressError: the node rejects the request, or cannot be reached at the start.
    """
    url = url.rstrip("/")
    headers = _headers(token_file)
    before = _read(url, headers)
    text = _screen(url, Between(None, before))
    while sys.stdout.isatty():
        click.echo(_HOME_AND_CLEAR + text)
        time.sleep(every)
        try:
            now = _read(url, headers)
        except StoppressError as error:
            text = click.style(str(error), fg="red")  # the node may come back
        else:
            text = _screen(url, Between(before, now))
            before = now
    click.echo(text)


def _headers(token_file: str | None) -> dict[bytes, bytes]:
    if not token_file:
        return {}
    try:
        return {b"authorization": b"Bearer " + Path(token_file).read_bytes().strip()}
    except OSError as error:
        raise StartError(f"cannot read the token file {token_file}: {error.strerror}; check --token-file") from None


def _read(url: str, headers: dict[bytes, bytes]) -> Reading:
    try:
        answer = httpx.get(f"{url}/metrics", headers=headers, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise StoppressError(f"cannot reach {url}: {error}; check --url and that the node is running") from None
    if answer.status_code in (401, 403):
        advice = "run this on the node's own machine, or pass its token with --token-file"
        raise StoppressError(f"{url}/metrics rejects the request ({answer.status_code}); {advice}")
    if answer.status_code != 200:
        raise StoppressError(f"{url}/metrics answers with {answer.status_code}; give the address of a node with --url")
    return Reading(answer.text, time.monotonic())


def _screen(url: str, between: Between) -> str:
    """Return the screen as text. Rates are between two readings, or since the node's start if there is only one."""
    return "\n".join(_lines(url, between))


def _lines(url: str, between: Between) -> Iterator[str]:
    now = between.now
    ready = now.least("stoppress_ready") == 1
    state = click.style("ready", fg="green") if ready else click.style("NOT READY, see /readyz", fg="red", bold=True)
    workers = len(list(now.samples("stoppress_ready")))
    yield (
        f"{click.style('Stoppress', bold=True)} {now.label('stoppress_build_info', 'version')}  {url}  {state}"
        f"  up {_duration(now.uptime())}" + (f"  {workers} workers" if workers > 1 else "")
    )
    period = "since the start" if between.before is None else f"over the last {between.seconds:.1f} s"
    yield click.style(f"rates per second {period}; times are upper bounds", dim=True)
    yield ""
    readers = now.by("stoppress_readers", "transport")
    yield _row("readers", f"{sum(readers.values()):,.0f}", _named(readers, whole=True))
    slow = f"{now.sum('stoppress_slow_readers'):,.0f} now"
    yield _row("slow readers", slow, f"{between.rate('stoppress_slow_readers_total'):.1f}/s new")
    behind = now.sum("stoppress_blogs_behind")
    text = f"{behind:,.0f} behind the store"
    yield _row("blogs", f"{now.sum('stoppress_blogs'):,.0f}", click.style(text, fg="red") if behind else text)
    for blog, number in sorted(now.by("stoppress_blog_readers", "blog").items(), key=lambda pair: -pair[1])[:5]:
        yield _row("", f"{number:,.0f}", blog)
    yield ""
    yield _rates(between, "changes", "stoppress_changes_total", "origin")
    yield _rates(between, "deliveries", "stoppress_deliveries_total", "transport")
    yield _rates(between, "catch-ups", "stoppress_catch_ups_total", "kind")
    yield _rates(between, "rejections", "stoppress_refusals_total", "reason")
    repairs = {
        name: between.rate(f"stoppress_{name.replace(' ', '_')}_total")
        for name in ("resets", "gaps repaired", "changes put back")
    }
    yield _row("repairs", f"{sum(repairs.values()):,.1f}/s", _named(repairs))
    yield ""
    yield _times(between, "publish to write", "stoppress_publish_to_write_seconds")
    yield _times(between, "from other nodes", "stoppress_publish_to_receive_seconds")
    yield _times(between, "store: commit", "stoppress_store_operation_seconds", operation="commit")
    yield _times(between, "event-loop lag", "stoppress_event_loop_lag_seconds")
    yield ""
    up = "up" if now.least("stoppress_store_up") == 1 else click.style("DOWN", fg="red", bold=True)
    yield _row("store", up, f"{between.rate('stoppress_store_errors_total'):.1f}/s errors")
    cores = between.rate("process_cpu_seconds_total")
    files, most = now.sum("process_open_fds"), now.sum("process_max_fds")
    memory = now.sum("process_resident_memory_bytes") / 2**20
    yield _row("process", f"{cores:.2f} cores", f"{memory:,.0f} MiB  {files:,.0f} of {most:,.0f} files")


def _row(name: str, value: str, more: str) -> str:
    return f"{name:<18}{value:>12}  {more}".rstrip()


def _rates(between: Between, name: str, metric: str, label: str) -> str:
    rates = between.rates(metric, label)
    return _row(name, f"{sum(rates.values()):,.1f}/s", _named(rates))


def _named(values: Mapping[str, float], *, whole: bool = False) -> str:
    """Return the values that are not zero, with their names."""
    named = ((key.replace("_", " "), f"{value:,.0f}" if whole else f"{value:,.1f}") for key, value in values.items())
    return "  ".join(f"{key} {text}" for key, text in named if text not in ("0", "0.0"))


def _times(between: Between, name: str, metric: str, **labels: str) -> str:
    half, most = (between.quantile(metric, share, **labels) for share in (0.5, 0.99))
    if half is None or most is None:
        return _row(name, "-", "")
    return _row(name, f"p50 {_time(half)}", f"p99 {_time(most)}")


def _time(seconds: float) -> str:
    if seconds == inf:
        return "> 10 s"
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours}:{minutes % 60:02d}:{int(seconds) % 60:02d}"
