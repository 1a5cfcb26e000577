"""Alert rules and the dashboard: Prometheus takes them, they fire when they should, and name what there is."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from prometheus_client import CollectorRegistry, ProcessCollector

from stoppress.telemetry.metrics import FAMILIES
from tests.deploy.proxies import promtool
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
RULES, RULES_TEST = DEPLOY / "prometheus" / "rules.yaml", DEPLOY / "prometheus" / "rules_test.yaml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "stoppress.json"

METRIC = re.compile(r"\b(?:stoppress|process)_[a-z_]+\b")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def known() -> set[str]:
    """The names of all series that a node has."""
    names: set[str] = set()
    for family in FAMILIES:
        parts = ("_bucket", "_count", "_sum") if family.kind == "histogram" else ("",)
        names.update(family.name + part for part in parts)
    process = CollectorRegistry()
    ProcessCollector(registry=process)
    return names | {sample.name for metric in process.collect() for sample in metric.samples}


def without_grafana(expression: str) -> str:
    """An expression as Prometheus gets it."""
    return expression.replace("$__rate_interval", "5m").replace("$job", "stoppress").replace("$instance", ".*")


def test_the_rules_fire_when_they_should_and_not_on_a_quiet_night():
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    promtool("test", "rules", str(RULES_TEST))
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    fired = set(re.findall(r'\{alertname="(\w+)"\}', RULES_TEST.read_text()))
    assert len(alerts) > 10
    assert set(alerts) - fired == set()


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    for rule in RULES.read_text().split("- alert: ")[1:]:
        assert re.search(r"severity: (critical|warning)\b", rule) and "summary: " in rule and "action: " in rule, rule


def test_no_file_of_a_deployment_names_a_metric_that_there_is_not():
    """nginx's own variables begin with $."""
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts]
    named = {name for path in files for name in re.findall(rf"(?<!\$){METRIC.pattern}", path.read_text())}
    assert len(named) > 10
    assert named - known() == set()


def test_the_autoscaler_asks_for_the_number_of_readers():
    scaler = yaml.safe_load((DEPLOY / "kubernetes" / "horizontalpodautoscaler.yaml").read_text())
    (metric,) = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "stoppress_readers"
    assert {family.name: family.kind for family in FAMILIES}["stoppress_readers"] == "gauge"


def test_every_metric_is_on_the_dashboard():
    shown = set(METRIC.findall("\n".join(expressions())))
    shown |= {re.sub(r"_(?:bucket|count|sum)$", "", name) for name in shown}
    assert {family.name for family in FAMILIES} - shown == set()


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    rules = [
        f"      - record: check:{number}\n        expr: {json.dumps(without_grafana(expression))}"
        for number, expression in enumerate(expressions())
    ]
    (tmp_path / "rules.yaml").write_text("groups:\n  - name: dashboard\n    rules:\n" + "\n".join(rules))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "--lint=none", str(tmp_path / "rules.yaml"))


def test_every_panel_says_what_it_shows_and_in_which_unit():
    assert len(panels()) > 15
    for panel in panels():
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
