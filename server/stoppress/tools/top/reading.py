"""The metrics of a node at one moment, and the differences between two readings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from stoppress.errors import StoppressError

_Labels = Mapping[str, str]


class Reading:
    """One exposition.

    Args:
        text: the metrics in Prometheus's text format.
        at: the time of the reading, by `time.monotonic`.

    Raises:
        StoppressError: the metrics are not those of Stoppress.
    """

    def __init__(self, text: str, at: float) -> None:
        self.at = at
        self._samples: dict[str, list[tuple[_Labels, float]]] = {}
        try:
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        except ValueError:
            pass  # reported below
        if "stoppress_ready" not in self._samples:
            raise StoppressError("the answer is not Stoppress's metrics; give the address of a node with --url")

    def samples(self, name: str) -> Iterator[tuple[_Labels, float]]:
        """Yield the labels and value of each sample of a metric."""
        yield from self._samples.get(name, ())

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of all samples that have these labels."""
        return sum(value for found, value in self.samples(name) if labels.items() <= found.items())

    def least(self, name: str) -> float:
        """Return the lowest value of all samples of a metric."""
        return min((value for _, value in self.samples(name)), default=0.0)

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums of a metric by the values of a label, in their order."""
        sums: dict[str, float] = {}
        for labels, value in self.samples(name):
            key = labels.get(label, "")
            sums[key] = sums.get(key, 0.0) + value
        return dict(sorted(sums.items()))

    def label(self, name: str, label: str) -> str:
        """Return the value of a label of the first sample."""
        return next((labels.get(label, "") for labels, _ in self.samples(name)), "")

    def uptime(self) -> float:
        """Return the seconds since the oldest process started, by this machine's clock."""
        return time.time() - self.least("process_start_time_seconds")


class Between(NamedTuple):
    """Two readings of one node. If `before` is None, the period begins at the node's start."""

    before: Reading | None
    now: Reading

    @property
    def seconds(self) -> float:
        if self.before is not None:
            return max(0.001, self.now.at - self.before.at)
        return max(0.001, self.now.uptime())

    def rate(self, name: str, **labels: str) -> float:
        """Return the growth of a counter per second."""
        return self._growth(name, **labels) / self.seconds

    def rates(self, name: str, label: str) -> dict[str, float]:
        """Return `rate` for each value of a label."""
        return {key: self.rate(name, **{label: key}) for key in self.now.by(name, label)}

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """Return the upper bound, in seconds, of the bucket with the given quantile; None if nothing was counted.

        `inf` means more than the largest bound.
        """
        bounds = sorted({float(found["le"]) for found, _ in self.now.samples(f"{name}_bucket")})
        grown = {bound: self._growth(f"{name}_bucket", le=_as_text(bound), **labels) for bound in bounds}
        total = grown.get(inf, 0.0)
        if total <= 0:
            return None
        return next(bound for bound in bounds if grown[bound] >= share * total)

    def _growth(self, name: str, **labels: str) -> float:
        value = self.now.sum(name, **labels)
        earlier = self.before.sum(name, **labels) if self.before is not None else 0.0
        return value - earlier if value >= earlier else value  # the counter restarted at 0


def _as_text(bound: float) -> str:
    return "+Inf" if bound == inf else f"{bound:g}"
