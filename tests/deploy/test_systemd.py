"""The unit for systemd, as systemd's own tools see it, and the server under its strictest rule."""

from __future__ import annotations

import subprocess

from stoppress.settings import load
from tests.deploy.proxies import program
from tests.deploy.units import UNIT, environment_of_the_unit

MOST_EXPOSED = 1.5
"""Of 10: what `systemd-analyze security` calls OK ends at 5, and it has to listen on the network."""


def test_systemd_understands_every_line(tmp_path):
    program_of_it = tmp_path / "opt/stoppress/bin/stoppress"
    program_of_it.parent.mkdir(parents=True)
    program_of_it.write_text("#!/bin/sh\n")
    program_of_it.chmod(0o755)
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


def test_the_unit_fits_the_server():
    """`Type=notify` is tested in `process`. SIGHUP does nothing: `systemctl reload` must not seem to work."""
    lines = UNIT.read_text().splitlines()
    assert {"Type=notify", "Environment=STOPPRESS_KEYS_FILE=%d/keys"} <= set(lines)
    assert {"EnvironmentFile=-/etc/stoppress/environment"} <= set(lines)
    assert any(line.startswith("LoadCredential=keys:") for line in lines)
    assert not any(line.startswith("ExecReload=") for line in lines)
    assert load(environ=environment_of_the_unit()).trusted_proxies == "127.0.0.1/32 ::1/128"
