"""The metrics of a node for Prometheus: their names, and their values from the counters.

`FAMILIES` is the list of all metrics. A test compares it with `docs/reference/metrics.md`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from stoppress import __version__
from stoppress.telemetry.counts import Counts, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Family(NamedTuple):
    """The description of one metric."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()


FAMILIES = (
    _Family("stoppress_build_info", "gauge", "Always 1; the labels have the version.", ("version", "python")),
    _Family("stoppress_ready", "gauge", "1 if /readyz answers 200, so that a publish reaches the readers, else 0."),
    _Family("stoppress_store_up", "gauge", "1 if the store takes writes now, else 0."),
    _Family("stoppress_blogs", "gauge", "Blogs in the memory of the node."),
    _Family("stoppress_blogs_behind", "gauge", "Blogs that have been behind the store for several seconds."),
    _Family("stoppress_clock_skew_seconds", "gauge", "Seconds by which the node's clock is ahead of the store's."),
    _Family("stoppress_readers", "gauge", "Connected readers.", ("transport", "encoding", "compression")),
    _Family("stoppress_blog_readers", "gauge", "WebSocket readers of the largest blogs.", ("blog",)),
    _Family("stoppress_slow_readers", "gauge", "Readers whose connection takes no data now."),
    _Family("stoppress_slow_readers_total", "counter", "Times that a reader's connection was full."),
    _Family("stoppress_changes_total", "counter", "Changes that the node has applied.", ("origin",)),
    _Family(
        "stoppress_deliveries_total", "counter", "Updates sent to readers at the head, one for each.", ("transport",)
    ),
    _Family("stoppress_catch_ups_total", "counter", "Updates sent to connecting and returning readers.", ("kind",)),
    _Family("stoppress_resets_total", "counter", "Readers whose cursor was no longer in the history."),
    _Family("stoppress_gaps_repaired_total", "counter", "Reads of the store that found changes missed by hints."),
    _Family("stoppress_changes_put_back_total", "counter", "Changes that the store had lost and the node restored."),
    _Family(
        "stoppress_blogs_damaged",
        "gauge",
        "Blogs in memory with a lost part that the node cannot put back.",
    ),
    _Family("stoppress_blog_errors_total", "counter", "Errors that concern a single blog, by what failed.", ("work",)),
    _Family(
        "stoppress_publish_to_write_seconds",
        "histogram",
        "Seconds from the arrival of a write at the node to its last write to a reader's socket.",
    ),
    _Family(
        "stoppress_publish_to_receive_seconds",
        "histogram",
        "Seconds from a commit on another node to its application here, by the clocks of both.",
    ),
    _Family("stoppress_store_operation_seconds", "histogram", "Seconds that store operations took.", ("operation",)),
    _Family("stoppress_store_errors_total", "counter", "Failed store operations.", ("operation",)),
    _Family(
        "stoppress_inbox_messages_total", "counter", "Messages through Redis that the node tried.", ("way", "outcome")
    ),
    _Family("stoppress_webhooks_total", "counter", "Attempts at events of webhooks; events given up.", ("outcome",)),
    _Family("stoppress_inbox_errors_total", "counter", "Times that the node could not read messages.", ("way",)),
    _Family("stoppress_event_loop_lag_seconds", "histogram", "Lag of the event loop, measured four times a second."),
    _Family("stoppress_tasks", "gauge", "asyncio tasks of the process; WebSocket readers need none."),
    _Family("stoppress_refusals_total", "counter", "Rejected or disconnected clients, by reason.", ("reason",)),
    _Family(
        "stoppress_http_requests_total",
        "counter",
        "HTTP requests by route, without WebSocket handshakes.",
        ("method", "route", "status"),
    ),
)

_BY_NAME = {family.name: family for family in FAMILIES}


class State(NamedTuple):
    """Figures that are not counted but read from the node at a scrape."""

    ready: bool
    store_up: bool
    blogs: int
    behind: int
    damaged: int
    clock_skew: float
    slow: int
    tasks: int
    readers: Mapping[tuple[str, str, str], int]
    """Connected readers by transport, encoding and compression."""
    blog_readers: Mapping[str, int]


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(counts: Counts, state: State) -> bytes:
    """Return the metrics of one node in Prometheus's text format."""
    process = CollectorRegistry()
    ProcessCollector(registry=process)
    return generate_latest(_Families([*_families(counts, state), *process.collect()]))


def merged(expositions: Mapping[str, bytes]) -> bytes:
    """Merge the metrics of several workers; each sample gets the label `worker`, the key in `expositions`."""
    families: dict[str, Metric] = {}
    for worker, text in expositions.items():
        for found in text_string_to_metric_families(text.decode()):
            family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
            for sample in found.samples:
                family.add_sample(sample.name, {**sample.labels, "worker": worker}, sample.value)
    return generate_latest(_Families(families.values()))


def _families(counts: Counts, state: State) -> Iterator[Metric]:
    yield _simple("stoppress_build_info", {(__version__, platform.python_version()): 1})
    yield _simple("stoppress_ready", {(): state.ready})
    yield _simple("stoppress_store_up", {(): state.store_up})
    yield _simple("stoppress_blogs", {(): state.blogs})
    yield _simple("stoppress_blogs_behind", {(): state.behind})
    yield _simple("stoppress_clock_skew_seconds", {(): state.clock_skew})
    yield _simple("stoppress_readers", state.readers)
    if state.blog_readers:
        yield _simple("stoppress_blog_readers", _labelled(state.blog_readers))
    yield _simple("stoppress_slow_readers", {(): state.slow})
    yield _simple("stoppress_slow_readers_total", {(): counts.slow})
    yield _simple("stoppress_changes_total", _labelled(counts.changes))
    yield _simple("stoppress_deliveries_total", _labelled(counts.deliveries))
    yield _simple("stoppress_catch_ups_total", _labelled(counts.catch_ups))
    yield _simple("stoppress_resets_total", {(): counts.resets})
    yield _simple("stoppress_gaps_repaired_total", {(): counts.gaps_repaired})
    yield _simple("stoppress_changes_put_back_total", {(): counts.put_back})
    yield _simple("stoppress_blogs_damaged", {(): state.damaged})
    yield _simple("stoppress_blog_errors_total", _labelled(counts.blog_errors))
    yield _histograms("stoppress_publish_to_write_seconds", {(): counts.publish_to_write})
    yield _histograms("stoppress_publish_to_receive_seconds", {(): counts.publish_to_receive})
    used = {(name,): histogram for name, histogram in counts.store.items() if histogram.count}
    yield _histograms("stoppress_store_operation_seconds", used)
    yield _simple("stoppress_store_errors_total", _labelled(counts.store_errors))
    yield _simple("stoppress_inbox_messages_total", counts.inbox)
    yield _simple("stoppress_webhooks_total", _labelled(counts.webhooks))
    yield _simple("stoppress_inbox_errors_total", _labelled(counts.inbox_errors))
    yield _histograms("stoppress_event_loop_lag_seconds", {(): counts.lag})
    yield _simple("stoppress_tasks", {(): state.tasks})
    yield _simple("stoppress_refusals_total", _labelled(counts.rejections))
    requests = {(method, route, str(status)): number for (method, route, status), number in counts.requests.items()}
    yield _simple("stoppress_http_requests_total", requests)


def _labelled(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): value for name, value in values.items()}


def _simple(name: str, values: Mapping[Any, float]) -> Metric:
    """Return a gauge or counter with its samples, by label values; prometheus-client adds `_total` to counters."""
    family = _BY_NAME[name]
    metric = Metric(name.removesuffix("_total") if family.kind == "counter" else name, family.help, family.kind)
    for labels, value in values.items():
        metric.add_sample(name, dict(zip(family.labels, labels, strict=True)), float(value))
    return metric


def _histograms(name: str, values: Mapping[Any, Histogram]) -> Metric:
    family = _BY_NAME[name]
    metric = Metric(name, family.help, family.kind)
    for values_of_labels, histogram in values.items():
        labels = dict(zip(family.labels, values_of_labels, strict=True))
        total = 0
        for bound, number in zip((*histogram.bounds, inf), histogram.buckets, strict=True):
            total += number
            metric.add_sample(f"{name}_bucket", {**labels, "le": "+Inf" if bound == inf else f"{bound:g}"}, total)
        metric.add_sample(f"{name}_count", labels, total)
        metric.add_sample(f"{name}_sum", labels, histogram.sum)
    return metric
