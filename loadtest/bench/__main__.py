"""The bench: the cost of a delivery, an idle reader and a returning reader, compared with other servers.

    make bench                       all parts, about eight minutes
    make bench ARGS="table burst"    some parts

Each server runs on one core; its readers and the publisher run on another. CPU is the time that the operating system
charges to the server's processes, including kernel work for them; memory is resident memory. The tables are Markdown.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtest.bench.bursting import measure_burst
from loadtest.bench.connecting import measure_connects
from loadtest.bench.delivering import DeliveryCost, measure_deliveries
from loadtest.bench.machine import describe
from loadtest.bench.report import milliseconds, table, yes
from loadtest.bench.servers import OTHERS, OURS, BenchServer, Limit, Stoppress
from loadtest.bench.stalling import measure_stall
from loadtest.bench.without import STEPS

READERS, IDLE = 2_000, 10_000


@contextmanager
def run_servers(folder: Path, kinds: Sequence[type[BenchServer]], frame: str = "") -> Iterator[list[BenchServer]]:
    """Run servers until the end of the block."""
    servers = [kind(folder, frame) for kind in kinds]
    for server in servers:
        server.start()
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


class Bench:
    """The parts of the bench. Each prints one or two tables.

    Args:
        folder: for temporary files.
        scale: the share of readers and rounds; 1 is a full run.
    """

    def __init__(self, folder: Path, scale: float) -> None:
        self._folder = folder
        self._scale = scale
        with run_servers(folder, [Stoppress]) as (server,):
            assert isinstance(server, Stoppress)
            self._frame = server.sample()

    def _scaled(self, number: int) -> int:
        return max(1, round(number * self._scale))

    def table(self) -> None:
        """Compare all servers: cost of deliveries, idle readers and connects."""
        kinds: list[type[BenchServer]] = [Limit, *OURS, *OTHERS]
        idle = self._scaled(IDLE)
        costs = {}
        for kind in kinds[1:]:
            with run_servers(self._folder, [kind], self._frame) as (server,):
                costs[kind] = measure_connects(server, self._folder, idle)
        with run_servers(self._folder, kinds, self._frame) as servers:
            found = measure_deliveries(servers, self._folder, self._scaled(READERS), self._scaled(5), 6)
        rows = []
        for server, delivery in found.items():
            cost = costs.get(type(server))
            idle_cells = ["", "", "", ""]
            if cost:
                idle_cells = [f"{cost.idle:.1f}", f"{cost.connect:.0f}", f"{cost.again:.0f}", f"{cost.seconds:.1f}"]
            rows.append([server.name, *_delivery_cells(delivery), *idle_cells])
        table(
            f"{self._scaled(READERS)} readers, one entry in 50 ms; {idle} readers for memory and connecting",
            [
                *("server", "us CPU per delivery", "x limit", "bytes per entry", "p50 ms", "p99 ms", "complete"),
                *("KB per idle reader", "us CPU per connect", "and per reconnect", "all back in s"),
            ],
            rows,
        )

    def burst(self) -> None:
        """Publish many entries at once, with and without the burst window."""
        rows = []
        readers, entries = self._scaled(1_000), 1_000
        for kind in (Stoppress, without("burst_window")):
            with run_servers(self._folder, [kind]) as (server,):
                assert isinstance(server, Stoppress)
                found = measure_burst(server, self._folder, readers, entries)
            cells = (f"{found.seconds:.2f}", f"{found.single:.2f}", f"{found.burst:.2f}")
            delays = (milliseconds(found.first), milliseconds(found.single_last))
            rows.append([kind.name, *cells, f"{found.burst / found.single:.2f}", *delays, yes(found.complete)])
        table(
            f"A burst of {entries} short entries to {readers} readers",
            [
                *("server", "published in s", "us CPU per single delivery", "us per entry and reader", "ratio"),
                *("first entry at the last reader, ms", "a single one, ms", "complete"),
            ],
            rows,
        )

    def stalled(self) -> None:
        """Measure the cost of readers that stop reading."""
        readers, stalled = self._scaled(2_000), self._scaled(500)
        with run_servers(self._folder, [Stoppress]) as (server,):
            assert isinstance(server, Stoppress)
            found = measure_stall(server, self._folder, readers, stalled, 20)
        delays, ratio = (milliseconds(found.before), milliseconds(found.during)), f"{found.during / found.before:.2f}"
        table(
            f"{stalled} of {readers} readers read nothing while 20 MB are published",
            ["", "KB each, the blog included", "p99 of others before, ms", "during, ms", "ratio", "complete"],
            [[server.name, f"{found.kilobytes:.0f}", *delays, ratio, yes(found.complete)]],
        )

    def curve(self) -> None:
        """Measure deliveries to more and more readers."""
        rows = []
        for number in map(self._scaled, (100, 1_000, 5_000, 10_000, 15_000)):
            with run_servers(self._folder, (Limit, Stoppress), self._frame) as servers:
                found = measure_deliveries(servers, self._folder, number, 2, 3, pause=max(0.05, number / 20_000))
            limit, own = (found[server] for server in servers)
            cells = (f"{limit.cpu:.2f}", f"{own.cpu:.2f}", f"{own.ratio:.2f}")
            delays = (milliseconds(own.p50), milliseconds(own.p99), milliseconds(own.last99))
            rows.append([str(number), *cells, *delays, yes(own.complete)])
        table(
            "More and more readers on one core; an entry in 50 ms, or at most 20,000 deliveries a second",
            [
                *("readers", "limit, us CPU per delivery", "Stoppress", "ratio", "p50 ms", "p99 ms"),
                *("last reader, p99 ms", "complete"),
            ],
            rows,
        )

    def steps(self) -> None:
        """Measure the saving of each step of the engine."""
        kinds: list[type[BenchServer]] = [Limit, Stoppress]
        kinds += map(without, ("direct_writes", "shared_frames", "hand_over"))
        with run_servers(self._folder, kinds, self._frame) as servers:
            found = measure_deliveries(servers, self._folder, self._scaled(READERS), self._scaled(5), 6)
        table(
            f"Without one step: a delivery to {self._scaled(READERS)} readers",
            ["", "us CPU per delivery", "x limit", "p99 ms"],
            [
                [server.name, f"{delivery.cpu:.2f}", f"{delivery.ratio:.2f}", milliseconds(delivery.p99)]
                for server, delivery in found.items()
            ],
        )
        rows = []
        kinds = [Stoppress, *map(without, ("cheap_handshake", "hand_over", "shared_answers"))]
        for kind in kinds:
            with run_servers(self._folder, [kind]) as (server,):
                cost = measure_connects(server, self._folder, self._scaled(5_000))
            rows.append([kind.name, f"{cost.connect:.0f}", f"{cost.again:.0f}", f"{cost.idle:.1f}"])
        table(
            f"Without one step: {self._scaled(5_000)} readers that come and are there",
            ["", "us CPU per connect", "and per reconnect", "KB per idle reader"],
            rows,
        )


def without(step: str) -> type[Stoppress]:
    """Return a server: Stoppress without one step of its engine."""

    class Without(Stoppress):
        name = f"without {step.replace('_', ' ')}"
        program = (sys.executable, "-m", "loadtest.bench.without", step, "serve")

    assert step in STEPS
    return Without


def _delivery_cells(cost: DeliveryCost) -> list[str]:
    cells = (f"{cost.cpu:.2f}", f"{cost.ratio:.2f}", f"{cost.bytes:.0f}")
    return [*cells, milliseconds(cost.p50), milliseconds(cost.p99), yes(cost.complete)]


PARTS = ("table", "burst", "stalled", "curve", "steps")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of readers and rounds; 0.1 is a quick run")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(unknown)}: use {', '.join(PARTS)}")
    _allow_many_files()
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.scale)
        for part in options.parts or PARTS:
            getattr(bench, part)()


def _allow_many_files() -> None:
    """Raise the limit of open files to the hard limit: each reader needs one, here and in the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 20_000:
        sys.exit(f"only {hard} open files are allowed: raise the hard limit to 20000 (ulimit -Hn), or use --scale")


if __name__ == "__main__":
    main()
