"""Readers and editors for locust: `make load`, or see docs/howto/load-test.md.

It runs in an environment of its own (`.venv-load`), because locust patches the standard library.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from functools import partial
from itertools import count
from typing import Any

import httpx
from locust import HttpUser, User, constant_throughput, events, stats, task
from locust.exception import StopUser
from locust.runners import MasterRunner

from loadtest.hostile import PRANKS
from loadtest.probe import Probe, Shared
from loadtest.scenarios import SCENARIOS, Scenario
from stoppress.tools.swarm.plan import target
from stoppress.tools.swarm.publisher import Drafts

stats.PERCENTILES_TO_REPORT = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0]
stats.PERCENTILES_TO_STATISTICS = [0.5, 0.95, 0.99, 0.999]
stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99, 0.999]

logging.getLogger("httpx").setLevel(logging.WARNING)

COME_SECONDS = 5.0
"""Within which the readers of a holder come."""

ANSWER_SECONDS = 15.0
"""How long an editor tries to get a write answered, a restart of the server included."""


class Run:
    """What the users of this process share in one test."""

    shared: Shared
    numbers: count[int]


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    parser.add_argument("--scenario", choices=[*SCENARIOS], default="steady", help="What kind of night.")
    parser.add_argument("--blog", default="load", help="The blog; it is made if it is not there.")
    parser.add_argument("--readers", type=int, default=1_000, help="Of each ReaderHolder.")
    parser.add_argument("--period", type=float, default=60.0, help="Seconds after which a scenario begins anew.")
    parser.add_argument(
        "--api-key",
        env_var="STOPPRESS_API_KEY",
        default="",
        is_secret=True,
        include_in_web_ui=False,
        help="An editor's.",
    )


@events.init.add_listener
def wait_for_the_workers_last_figures(environment: Any, **_: Any) -> None:
    """A master in the terminal ends half a second after its time; what workers find in the end comes later."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        leave = runner.quit

        def quit_when_all_have_stopped() -> None:
            runner.stop()
            leave()

        runner.quit = quit_when_all_have_stopped


@events.test_start.add_listener
def make_the_blog(environment: Any, **_: Any) -> None:
    options = environment.parsed_options
    where = target(environment.host, options.blog)
    Run.shared, Run.numbers = Shared(where), count()
    headers = {"authorization": f"Bearer {options.api_key}"}
    with httpx.Client(base_url=where.url, headers=headers, timeout=20, trust_env=False) as http:
        if http.get(f"/blogs/{where.path}/changes").status_code == 404:
            http.put(f"/api/blogs/{where.path}", json={"headline": "The load test"}).raise_for_status()


class _Of(User):
    """What ours have in common."""

    abstract = True

    @property
    def options(self) -> Any:
        return self.environment.parsed_options

    @property
    def scenario(self) -> Scenario:
        return SCENARIOS[self.options.scenario]

    def measured(self, kind: str, name: str, seconds: float, text: str = "") -> None:
        """Tell locust of a time, or of a failure."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=seconds * 1000,
            response_length=0,
            exception=AssertionError(text) if text else None,
            context={},
        )


class ReaderProbe(_Of):
    """A reader that is measured: how long everything takes, and whether it gets everything once, in order."""

    def on_start(self) -> None:
        self.probe = Probe(next(Run.numbers), Run.shared, partial(self.measured, "probe"), self._failed)

    def _failed(self, name: str, text: str) -> None:
        self.measured("probe", name, 0.0, text)

    @task
    def read(self) -> None:
        self.probe.run()
        raise StopUser

    def on_stop(self) -> None:
        try:
            missed, newest = Run.shared.audit()
        except httpx.HTTPError as error:
            return self._failed("audit", f"the server does not say what it has: {error!r}")
        for text in missed:
            self._failed("missed", text)
        return self.probe.catch_up(newest)


class ReaderHolder(_Of):
    """Thousands of cheap readers: a `stoppress swarm`, whose every reader is checked."""

    fixed_count = 1

    def on_start(self) -> None:
        self._swarms: list[subprocess.Popen[str]] = []

    @task
    def hold(self) -> None:
        """One period; locust calls it again."""
        first = round(self.options.readers * self.scenario.first)
        begun = time.monotonic()
        self._start(first, self.options.period)
        if first < self.options.readers:
            while time.monotonic() - begun < self.options.period / 2:
                self._tick()
            self._start(self.options.readers - first, self.options.period / 2)
        while any(swarm.poll() is None for swarm in self._swarms):
            self._tick()
        self._end()

    def _start(self, readers: int, seconds: float) -> None:
        scenario, where = self.scenario, Run.shared.where
        plan = {
            "readers": readers,
            "rate": max(1.0, readers / COME_SECONDS),
            "duration": max(1.0, seconds - COME_SECONDS),
            "churn": scenario.churn * readers,
            "storm": round(scenario.storm * readers),
            "slow": scenario.slow,
            "blog": where.blog,
        }
        arguments = [f"--{name}={value}" for name, value in plan.items()]
        command = [sys.executable, "-m", "stoppress", "swarm", where.url, *arguments, "--ticks"]
        environ = {name: value for name, value in os.environ.items() if name != "STOPPRESS_API_KEY"}
        self._swarms.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True))

    def _tick(self) -> None:
        """Read a line of each swarm: there is one in each second."""
        for swarm in self._swarms:
            assert swarm.stdout is not None
            if line := swarm.stdout.readline():
                self._report(json.loads(line))

    def _report(self, figures: dict[str, Any]) -> None:
        if "second" not in figures:
            for fault in figures["faults"]:
                self.measured("held", fault["kind"], 0.0, f"{fault['reader']}: {fault['text']}")
            for name, key in (("connect", "connect_ms"), ("return", "back_ms")):
                for percent in ("p50", "p99", "max"):
                    if value := figures[key][percent]:
                        self.measured("held", f"{name}: {percent}", value / 1000)
        elif figures["delivered"]:
            for percent in ("p50", "p99", "max"):
                self.measured("held", f"a second's {percent}", figures[f"{percent}_ms"] / 1000)

    def _end(self) -> None:
        while self._swarms:
            swarm = self._swarms.pop()
            assert swarm.stdout is not None
            for line in swarm.stdout:
                self._report(json.loads(line))
            if swarm.wait() > 1:  # 1 is a fault, which was reported
                self.measured("held", "swarm", 0.0, f"it ended with status {swarm.returncode}")

    def on_stop(self) -> None:
        for swarm in self._swarms:
            if swarm.poll() is None:
                swarm.send_signal(signal.SIGTERM)  # it looks at everything again, and then ends
        self._end()


class Editor(_Of, HttpUser):
    """Writes, edits and retracts, and sends again what was not answered."""

    fixed_count = 1

    def wait_time(self) -> float:
        wait: float = constant_throughput(self.scenario.writes / self.scenario.burst)(self)
        return wait

    def on_start(self) -> None:
        self.client.headers["authorization"] = f"Bearer {self.options.api_key}"
        self._drafts = Drafts(f"/api/blogs/{Run.shared.where.path}")

    @task
    def write(self) -> None:
        for _ in range(self.scenario.burst):
            self._write()

    def _write(self) -> None:
        method, path, body = self._drafts.next()
        key, deadline = str(uuid.uuid4()), time.monotonic() + ANSWER_SECONDS
        while True:
            headers = {"idempotency-key": key}
            with self.client.request(
                method, path, name="write", json=body, headers=headers, timeout=ANSWER_SECONDS, catch_response=True
            ) as answer:
                again = (not answer.status_code or answer.status_code >= 500) and time.monotonic() < deadline
                if again:
                    answer.request_meta["name"] = "write that is sent again"
                    answer.success()
                elif answer.ok:
                    Run.shared.ledger.learn(answer.content)
                    if method == "POST":
                        self._drafts.published(answer.json()["id"])
            if not again:
                return
            time.sleep(0.5)


class Hostile(_Of):
    """A client that keeps no rule: the server has to refuse it, and to serve the others meanwhile."""

    @task
    def play(self) -> None:
        for name, prank in PRANKS.items():
            begun = time.monotonic()
            try:
                wrong = prank(Run.shared.where)
            except OSError as error:
                wrong = repr(error)
            self.measured("hostile", name, time.monotonic() - begun, wrong)
            time.sleep(0.2)
