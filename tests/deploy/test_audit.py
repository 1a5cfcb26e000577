"""`make audit` and `make sbom`: real tools, and services of known vulnerabilities that the tests run themselves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.release

REQUIREMENTS = "requirements/runtime.txt"


class Advisories(ThreadingHTTPServer):
    """Answers as OSV does to pip-audit, and as npm's registry does to `npm audit`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.vulnerable = ""
        self.broken_for = ""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/query":
            self.answer(200, {})  # npm compresses what it asks; an empty object says that nothing is known
            return
        name = json.loads(body)["package"]["name"]
        self.server.asked.append(name)
        known = {"id": "TEST-1", "summary": "for a test", "affected": [], "published": "2026-01-01T00:00:00Z"}
        status = 500 if name == self.server.broken_for else 200
        self.answer(status, {"vulns": [known]} if name == self.server.vulnerable else {})

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    with Advisories() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def audit(osv: str, npm: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "AUDIT_OSV": f"{osv}/v1/query", "no_proxy": "127.0.0.1", "PIP_NO_INPUT": "1"}
    environ |= {"npm_config_registry": npm, "npm_config_fetch_retries": "0"}
    command: list[str | Path] = [ROOT / "scripts" / "audit", REQUIREMENTS]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


def test_the_audit_succeeds_when_all_was_looked_up_and_nothing_is_known(advisories):
    done = audit(advisories.url, advisories.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"starlette", "redis", "uvicorn", "nh3"} <= set(advisories.asked)


def test_the_audit_fails_when_something_is_known_or_nobody_can_be_asked_for_npm(advisories):
    advisories.vulnerable = "starlette"
    done = audit(advisories.url, "http://127.0.0.1:9")
    assert done.returncode == 1
    (failed,) = re.findall(r"FAILED for.*", done.stderr)
    assert REQUIREMENTS in failed and "client_js/package-lock.json" in failed


def test_the_audit_fails_when_one_package_could_not_be_looked_up(advisories):
    advisories.broken_for = "starlette"
    done = audit(advisories.url, advisories.url)
    assert done.returncode == 1
    assert "starlette" in re.findall(r"NOT LOOKED UP: (.*)", done.stderr)[0]


def test_a_package_that_pip_audit_skipped_counts_as_not_looked_up(tmp_path):
    """With its other service it ends with success, having said that it skipped something."""
    locked, report = tmp_path / "locked.txt", tmp_path / "report"
    locked.write_text("a==1 \\\n    --hash=sha256:0\nb[x]==2 ; python_version > '3' \\\n    --hash=sha256:0\n")
    python = ROOT / ".venv" / "audit" / "bin" / "python"
    command: list[str | Path] = [python, ROOT / "scripts" / "audited.py", locked, report]
    for second, status in (({"name": "B", "version": "2", "vulns": []}, 0), ({"name": "b", "skip_reason": "-"}, 1)):
        report.write_text(json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}, second]}))
        assert subprocess.run(command, capture_output=True).returncode == status


def test_the_bill_of_materials_has_every_locked_package_and_is_the_same_each_time():
    bills = []
    for _ in range(2):
        subprocess.run([ROOT / "scripts" / "sbom"], check=True, capture_output=True, timeout=60)
        bills.append([(ROOT / "dist" / name).read_bytes() for name in ("stoppress.cdx.json", "client.cdx.json")])
    assert bills[0] == bills[1]
    server, client = (json.loads(text) for text in bills[0])
    assert server["bomFormat"] == client["bomFormat"] == "CycloneDX"
    locked = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / REQUIREMENTS).read_text(), re.MULTILINE)
    assert {(one["name"], one["version"]) for one in server["components"]} == set(locked)
    assert server["metadata"]["component"]["name"] == "stoppress"
    assert client.get("components", []) == [], "the JavaScript client needs no package"
