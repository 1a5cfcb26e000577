"""The unit for systemd, as systemd's own tools see it, and the server under its strictest rule."""

from __future__ import annotations

import re
import subprocess

import pytest

from stoppress.settings import SETTINGS, load
from tests.deploy.proxies import program
from tests.deploy.stopping import KILLED_AFTER, longest_stop
from tests.deploy.units import UNIT, environment_of_the_unit
from tests.support.command import running
from tests.support.service_manager import manager

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


def test_its_variables_are_settings_and_its_keys_a_credential():
    text = UNIT.read_text()
    variables = dict(re.findall(r"^Environment=(STOPPRESS_\w+)=(.*)$", text, re.MULTILINE))
    assert set(variables) <= {setting.variable for setting in SETTINGS}
    assert variables["STOPPRESS_KEYS_FILE"] == "%d/keys"
    assert "LoadCredential=keys:" in text


def test_the_file_of_the_environment_has_settings_and_believes_a_proxy_on_this_machine_only():
    variables = environment_of_the_unit()
    assert set(variables) <= {setting.variable for setting in SETTINGS}
    assert load(environ=variables).trusted_proxies == "127.0.0.1/32 ::1/128"
    assert "EnvironmentFile=-/etc/stoppress/environment" in UNIT.read_text()


def test_it_has_time_to_send_its_readers_away():
    text = UNIT.read_text()
    variables = dict(re.findall(r"^Environment=(STOPPRESS_\w+)=(.*)$", text, re.MULTILINE))
    assert re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE) == [str(KILLED_AFTER["TimeoutStopSec"])]
    assert KILLED_AFTER["TimeoutStopSec"] > longest_stop(variables)


@pytest.mark.redis
@pytest.mark.parametrize("workers", [1, 2])
async def test_the_main_process_says_when_the_service_begins_and_ends(redis_server, tmp_path, workers):
    """With this test in the place of systemd, which believes only the main process under Type=notify."""
    assert "Type=notify" in UNIT.read_text().splitlines()
    options = ("serve", "--port", "0", "--store", redis_server.url, "--workers", str(workers))
    with manager(f"{tmp_path}/notify") as systemd:
        async with running(*options, NOTIFY_SOCKET=systemd.address) as server:
            assert (await systemd.message(), systemd.sender) == ({"READY": "1"}, server.pid)
            await server.line("serves")
            server.terminate()
            assert (await systemd.message(), systemd.sender) == ({"STOPPING": "1"}, server.pid)
            assert await server.ended() == 0
            assert not systemd.has_more()


def test_a_reload_is_not_offered():
    """SIGHUP does nothing: `systemctl reload` must not seem to work."""
    assert not re.search(r"^ExecReload=", UNIT.read_text(), re.MULTILINE)
