"""Readers and editors for locust. Run `make load`, or see docs/howto/load-test.md.

Locust patches the standard library, so this runs in an environment of its own (`.venv-load`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import time
import uuid
from functools import partial
from itertools import count
from typing import Any

import httpx
from locust import HttpUser, User, constant_throughput, events, main, stats, task, web
from locust.dispatch import UsersDispatcher
from locust.exception import StopUser
from locust.runners import MasterRunner

from loadtest.hostile import ATTACKS
from loadtest.probe import Probe, Shared
from loadtest.report import Deliveries, Row, headline, page, problems
from loadtest.scenarios import SCENARIOS, Scenario
from loadtest.swarming import swarm_command, times_of
from stoppress.tools.swarm.histogram import FineHistogram
from stoppress.tools.swarm.plan import Target
from stoppress.tools.swarm.publisher import Drafts

stats.PERCENTILES_TO_REPORT = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0]
stats.PERCENTILES_TO_STATISTICS = [0.5, 0.95, 0.99, 0.999]
stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99, 0.999]

logging.getLogger("httpx").setLevel(logging.WARNING)

ARRIVAL_SECONDS = 5.0
"""Seconds in which the readers of a holder connect."""

WRITE_TIMEOUT_SECONDS = 15.0
"""Seconds for which an editor retries a write, long enough for a restart of the server."""


class Run:
    """The state that the users of this process share in one test."""

    shared: Shared
    numbers: count[int]
    deliveries = Deliveries()


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    parser.add_argument("--scenario", choices=[*SCENARIOS], default="steady", help="Scenario to play.")
    parser.add_argument("--blog", default="load", help="Blog to use; created if it does not exist.")
    parser.add_argument("--readers", type=int, default=1_000, help="Readers of each ReaderHolder.")
    parser.add_argument("--period", type=float, default=60.0, help="Seconds after which the scenario starts again.")
    parser.add_argument(
        "--api-key",
        env_var="STOPPRESS_API_KEY",
        default="",
        is_secret=True,
        include_in_web_ui=False,
        help="API key of an editor.",
    )


@events.init.add_listener
def keep_attackers_out(environment: Any, **_: Any) -> None:
    """Start `Hostile` users only in a hostile scenario, or if they were named on the command line or chosen alone."""
    options = environment.parsed_options
    are_named = "Hostile" in (options.user_classes or ())

    def chosen(classes: list[type[User]]) -> list[type[User]]:
        if are_named or SCENARIOS[options.scenario].hostile:
            return classes
        return [one for one in classes if one is not Hostile] or classes

    class Dispatcher(UsersDispatcher):
        def __init__(self, worker_nodes: Any, user_classes: list[type[User]]) -> None:
            super().__init__(worker_nodes, chosen(user_classes))

        def new_dispatch(self, count: int, rate: float, user_classes: Any = None) -> None:
            super().new_dispatch(count, rate, user_classes and chosen(user_classes))

    environment.dispatcher_class = Dispatcher


@events.init.add_listener
def wait_for_the_workers_last_figures(environment: Any, **_: Any) -> None:
    """Let a headless master wait for its workers: their last figures come later than half a second after the end."""
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
    where = Target.parse(environment.host, options.blog)
    Run.shared, Run.numbers, Run.deliveries = Shared(where), count(), Deliveries()
    headers = {"authorization": f"Bearer {options.api_key}"}
    verify = where.tls or False
    with httpx.Client(base_url=where.url, headers=headers, timeout=20, trust_env=False, verify=verify) as http:
        if http.get(f"/blogs/{where.path}/changes").status_code == 404:
            http.put(f"/api/blogs/{where.path}", json={"headline": "The load test"}).raise_for_status()


@events.report_to_master.add_listener
def send_deliveries(data: dict[str, Any], **_: Any) -> None:
    data["deliveries"] = Run.deliveries.pack()
    Run.deliveries = Deliveries()


@events.worker_report.add_listener
def take_deliveries(data: dict[str, Any], **_: Any) -> None:
    Run.deliveries.merge(data["deliveries"])


def report(environment: Any, *, ends: bool = False, **_: Any) -> str:
    """Return our report instead of locust's, for `--html` and for the web page."""
    options, runner = environment.parsed_options, environment.runner
    if ends:
        runner.quit()  # the users make their final checks
    faults = [f"{one.method} {one.name} ({one.occurrences}): {one.error}" for one in runner.stats.errors.values()]
    faults += [f"error in the load test ({one['count']}): {one['msg']}" for one in runner.exceptions.values()]
    reasons = problems(faults, Run.deliveries)
    if ends:
        print(headline(Run.deliveries, reasons))
        environment.process_exit_code = 1 if reasons else 0
    facts = {
        "Scenario": f"{options.scenario}: {SCENARIOS[options.scenario].about}",
        "Readers": f"{Run.deliveries.readers:,}",
        "Server": f"{environment.host}, blog {options.blog}",
    }
    shares = (0.5, 0.99, 1)
    rows = [
        Row(one.method, one.name, one.num_requests, *(one.get_response_time_percentile(share) for share in shares))
        for _, one in sorted(runner.stats.entries.items(), key=lambda pair: pair[0][::-1])
    ]
    return page(facts, Run.deliveries, reasons, rows, "" if ends or runner.state == "stopped" else "Not finished: ")


web.get_html_report = report
main.get_html_report = partial(report, ends=True)


class _Of(User):
    """The common part of our users."""

    abstract = True

    @property
    def options(self) -> Any:
        return self.environment.parsed_options

    @property
    def scenario(self) -> Scenario:
        return SCENARIOS[self.options.scenario]

    def measured(self, kind: str, name: str, seconds: float, text: str = "") -> None:
        """Report a time to locust, or a failure if there is a text."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=seconds * 1000,
            response_length=0,
            exception=AssertionError(text) if text else None,
            context={},
        )


class ReaderProbe(_Of):
    """A measured reader: its times, and a check that it gets every change once and in order."""

    def on_start(self) -> None:
        Run.deliveries.readers += 1
        self.probe = Probe(next(Run.numbers), Run.shared, self._measured, self._failed)

    def _measured(self, name: str, seconds: float) -> None:
        self.measured("probe", name, seconds)
        if name == "publish to receive":
            times = FineHistogram()
            times.add(seconds)
            Run.deliveries.add(int(time.time()), 1, times)

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
            return self._failed("audit", f"cannot read the blog from the server: {error!r}")
        for text in missed:
            self._failed("missed", text)
        return self.probe.catch_up(newest)


class ReaderHolder(_Of):
    """Thousands of cheap readers in a `stoppress swarm`, which checks each of them."""

    fixed_count = 1

    def on_start(self) -> None:
        self._swarms: list[subprocess.Popen[str]] = []
        Run.deliveries.readers += self.options.readers

    @task
    def hold(self) -> None:
        """Play one period; locust calls this again."""
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
        plan: dict[str, float | str] = {
            "readers": readers,
            "rate": max(1.0, readers / ARRIVAL_SECONDS),
            "duration": max(1.0, seconds - ARRIVAL_SECONDS),
            "churn": scenario.churn * readers,
            "storm": round(scenario.storm * readers),
            "slow": scenario.slow,
            "blog": where.blog,
        }
        environ = {name: value for name, value in os.environ.items() if name != "STOPPRESS_API_KEY"}
        command = swarm_command(where.url, plan)
        self._swarms.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True))

    def _tick(self) -> None:
        """Read one line of each swarm: it prints one a second."""
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
            return
        Run.deliveries.add(int(time.time()), figures["delivered"], times_of(figures))
        if figures["delivered"]:
            for percent in ("p50", "p99", "max"):
                self.measured("held", f"a second's {percent}", figures[f"{percent}_ms"] / 1000)

    def _end(self) -> None:
        while self._swarms:
            swarm = self._swarms.pop()
            assert swarm.stdout is not None
            for line in swarm.stdout:
                self._report(json.loads(line))
            if swarm.wait() > 1:  # 1 means a fault, which is reported already
                self.measured("held", "swarm", 0.0, f"it ended with status {swarm.returncode}")

    def on_stop(self) -> None:
        for swarm in self._swarms:
            if swarm.poll() is None:
                swarm.send_signal(signal.SIGTERM)  # it makes its final check and ends
        self._end()


class Editor(_Of, HttpUser):
    """An editor that publishes, edits and retracts, and retries writes without an answer."""

    fixed_count = 1

    def wait_time(self) -> float:
        wait: float = constant_throughput(self.scenario.writes / self.scenario.burst)(self)
        return wait

    def on_start(self) -> None:
        self.client.verify = os.environ.get("SSL_CERT_FILE") or True
        self.client.headers["authorization"] = f"Bearer {self.options.api_key}"
        self._drafts = Drafts(f"/api/blogs/{Run.shared.where.path}")

    @task
    def write(self) -> None:
        for _ in range(self.scenario.burst):
            self._write()

    def _write(self) -> None:
        method, path, body = self._drafts.next()
        key, deadline = str(uuid.uuid4()), time.monotonic() + WRITE_TIMEOUT_SECONDS
        while True:
            headers = {"idempotency-key": key}
            with self.client.request(
                method,
                path,
                name="write",
                json=body,
                headers=headers,
                timeout=WRITE_TIMEOUT_SECONDS,
                catch_response=True,
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
    """A client that breaks all rules. The server must reject it and go on serving the others."""

    @task
    def play(self) -> None:
        for name, attack in ATTACKS.items():
            begun = time.monotonic()
            try:
                wrong = attack(Run.shared.where)
            except OSError as error:
                wrong = repr(error)
            self.measured("hostile", name, time.monotonic() - begun, wrong)
            time.sleep(0.2)
