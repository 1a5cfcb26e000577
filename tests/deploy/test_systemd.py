"""The unit for systemd, as systemd's own tools see it, and the server under its strictest rule."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from stoppress.settings import SETTINGS
from tests.deploy.proxies import program
from tests.deploy.stopping import KILLED_AFTER, longest_stop

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "stoppress.service"

MOST_EXPOSED = 1.5
"""Of 10: what `systemd-analyze security` calls OK ends at 5, and it has to listen on the network."""


def test_systemd_understands_every_line(tmp_path: Path):
    server = tmp_path / "opt/stoppress/bin/stoppress"
    server.parent.mkdir(parents=True)
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    unit = tmp_path / "etc/systemd/system/stoppress.service"
    unit.parent.mkdir(parents=True)
    for target in ("network-online.target", "multi-user.target", "sysinit.target", "basic.target", "shutdown.target"):
        (unit.parent / target).write_text("[Unit]\n")
    unit.write_text(UNIT.read_text())
    command = [program("systemd-analyze"), "verify", "--man=no", f"--root={tmp_path}", unit.name]
    done = subprocess.run(command, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "stoppress.service" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_systemd_finds_it_little_exposed():
    command = [program("systemd-analyze"), "security", "--offline=true", "--no-pager"]
    done = subprocess.run([*command, f"--threshold={MOST_EXPOSED * 10:.0f}", UNIT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_its_variables_are_settings_and_its_keys_a_credential():
    text = UNIT.read_text()
    variables = dict(re.findall(r"^Environment=(STOPPRESS_\w+)=(.*)$", text, re.MULTILINE))
    assert set(variables) <= {setting.variable for setting in SETTINGS}
    assert variables["STOPPRESS_KEYS_FILE"] == "%d/keys"
    assert "LoadCredential=keys:" in text


def test_it_has_time_to_send_its_readers_away():
    text = UNIT.read_text()
    variables = dict(re.findall(r"^Environment=(STOPPRESS_\w+)=(.*)$", text, re.MULTILINE))
    assert re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE) == [str(KILLED_AFTER["TimeoutStopSec"])]
    assert KILLED_AFTER["TimeoutStopSec"] > longest_stop(variables)
