"""Listening sockets: those that a service manager hands over, and those that workers share."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from stoppress.errors import StartError
from stoppress.process.sockets import listening_sockets
from tests.support.command import command, environment
from tests.support.node import KEY, sqlite_url


def test_a_socket_from_the_service_manager_is_served(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, fd = listening.getsockname()[1], listening.fileno()
        shell = ("bash", "-c", f'exec 3<&{fd}; LISTEN_PID=$$ exec "$@"', "sh")
        process = subprocess.Popen(
            [*shell, *command("serve", "--store", sqlite_url(tmp_path))],
            env=environment({"LISTEN_FDS": "1", "STOPPRESS_KEYS": f"tests:editor:{KEY}"}),
            pass_fds=[fd],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            assert f"http://127.0.0.1:{port}" in process.stdout.readline().decode()
            assert httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
        finally:
            process.terminate()
            assert process.wait(20) == 0
            process.stdout.close()


def test_a_descriptor_that_does_not_listen_is_refused(tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'exec 3</dev/null; exec "$@"', "sh", *command("serve", "--store", sqlite_url(tmp_path))],
        env=environment({"LISTEN_FDS": "1"}),
        capture_output=True,
        timeout=20,
    )
    assert done.returncode == 2
    assert b"descriptor 3 is not a listening TCP socket" in done.stderr


@pytest.mark.parametrize("environ", [{}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x"}])
def test_what_was_handed_to_somebody_else_is_not_taken(environ):
    with listening_sockets("127.0.0.1", 0, 1, environ)[0] as own:
        assert own.getsockname()[0] == "127.0.0.1"
    assert environ == {}  # and is not handed on


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Listening sockets that a service manager has handed over: tests add them."""
    sockets: list[socket.socket] = []
    monkeypatch.setattr("stoppress.process.sockets._inherited", lambda _: sockets)
    return sockets


@pytest.mark.parametrize("shares", [False, True])
def test_every_worker_gets_a_socket_on_the_port_that_was_handed_over(handed_over, shares):
    handed_over.append(socket.create_server(("127.0.0.1", 0), reuse_port=shares))
    port = handed_over[0].getsockname()[1]
    sockets = listening_sockets("127.0.0.1", 0, workers=3)
    try:
        assert [one.getsockname()[1] for one in sockets] == [port] * 3
        inodes = {Path(f"/proc/self/fd/{one.fileno()}").readlink() for one in sockets}
        assert len(inodes) == (3 if shares else 1)  # the kernel spreads connections over sockets of their own
    finally:
        for one in sockets:
            one.close()


def test_more_sockets_than_workers_are_refused(handed_over):
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        handed_over += [first, second]
        with pytest.raises(StartError, match="passed 2 sockets"):
            listening_sockets("127.0.0.1", 0, workers=1)
