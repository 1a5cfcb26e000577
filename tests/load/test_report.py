"""The report of a load test: a page to hand on, whose first line is the verdict."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from loadtest.load import LOCUST
from loadtest.report import Deliveries, Row, headline, page, problems
from stoppress.tools.swarm.histogram import FineHistogram
from tests.support.command import environment

FACTS = {"Scenario": "goal: twenty <entries>"}
ROWS = [Row("held", "connect: p50", 7, 1.0, 2.0, 3.0)]

DISPATCH = """
import json, sys
from types import SimpleNamespace
from locust.env import Environment
from locust.runners import WorkerNode
from loadtest import locustfile as file
for scenario, named, alone in (("steady", [], 0), ("hostile", [], 0), ("steady", ["Hostile"], 0), ("steady", [], 1)):
    classes = [file.Hostile] if alone else [file.ReaderProbe, file.ReaderHolder, file.Editor, file.Hostile]
    environment = Environment(parsed_options=SimpleNamespace(scenario=scenario, user_classes=named))
    file.keep_attackers_out(environment)
    dispatcher = environment.dispatcher_class(worker_nodes=[WorkerNode("one")], user_classes=classes)
    dispatcher.new_dispatch(12, 12, classes)
    print(json.dumps(next(dispatcher)["one"]))
"""


def delivered(readers: int, count: int, seconds: float) -> Deliveries:
    """Return deliveries of two seconds, as they come from another process."""
    times = FineHistogram()
    times.add(seconds, count)
    worker, whole = Deliveries(), Deliveries()
    worker.readers = readers
    worker.add(1_000, count - 1, times)
    worker.add(1_001, 1, times)
    whole.merge(worker.pack())
    return whole


def test_the_report_of_a_right_run_says_so_first_and_draws_the_times():
    deliveries = delivered(1_000, 12_431, 0.083)
    html = page(FACTS, deliveries, problems([], deliveries), ROWS)
    line = headline(deliveries, [])
    assert re.fullmatch("1,000 readers, 12,431 deliveries, everyone everything, in order, once; p99 8[3-5] ms", line)
    assert f"<h1>{line}</h1>" in html and f"<title>{line}</title>" in html
    assert "twenty &lt;entries&gt;" in html and "cores" in html and "within 10 seconds" in html
    assert "<script" not in html and "src=" not in html and "href=" not in html
    assert [len(points.split()) for points in re.findall(r'<polyline points="([^"]+)"', html)] == [2, 2, 2]
    assert "100 ms" not in html and "10 ms" in html


@pytest.mark.parametrize("faults", [["missed <b>seq</b> 8", "gap"], []], ids=["faults", "nothing delivered"])
def test_the_report_of_a_wrong_run_says_why(faults: list[str]):
    deliveries = delivered(7, 9, 0.001) if faults else Deliveries()
    reasons = problems(faults, deliveries)
    html = page(FACTS, deliveries, reasons, ROWS)
    assert headline(deliveries, reasons).startswith("FAILED: ") and "everyone everything" not in html
    assert all(text in html for text in (["missed &lt;b&gt;seq&lt;/b&gt; 8", "<li>gap"] if faults else ["Nothing was"]))


@pytest.mark.slow
def test_attackers_start_only_if_the_scenario_has_them_or_they_were_chosen():
    command = [str(LOCUST), "-c", DISPATCH]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    hostile = [json.loads(line).get("Hostile", 0) for line in done.stdout.splitlines()]
    assert hostile[0] == 0 and all(hostile[1:]), done.stdout
