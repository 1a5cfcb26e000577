"""The command line: help, usage, `serve`, and one line with exit code 2 for what has to be set right first."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from stoppress import __version__
from stoppress.process.sockets import address_of
from stoppress.settings import SETTINGS
from tests.support.command import command, environment, invoke, running, stoppress
from tests.support.node import sqlite_url

COMMANDS = ("serve", "demo", "post", "tail", "doctor", "top", "export", "backup", "restore")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


def test_help_names_every_command():
    for arguments in ((), ("--help",), ("-h",)):
        text = invoke(*arguments)
        assert [name for name in COMMANDS if name not in text.out + text.err] == [], text
    assert invoke("--version").out == f"stoppress, version {__version__}\n"
    for name in COMMANDS:
        assert f"{name} [OPTIONS]" in invoke(name, "--help").out


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_help_names_every_setting_with_its_variable_and_default(name):
    text = " ".join(invoke(name, "--help").out.split())
    for setting in SETTINGS:
        if setting.has_flag:
            default = setting.default_text
            assert f"{setting.option} VALUE {setting.help} [{setting.variable}; default: {default}]" in text
        else:
            assert setting.option + " " not in text


@pytest.mark.parametrize("arguments", [("nothing",), ("serve", "--nothing"), ("post",), ("tail",), ("serve", "extra")])
def test_wrong_usage_is_explained(arguments):
    result = invoke(*arguments)
    assert result.code == 2
    assert "Usage: " in result.err and "Error: " in result.err
    assert "Traceback" not in result.err


def test_a_server_allows_itself_all_the_files_it_may_open(store):
    limited = ("sh", "-c", 'ulimit -Sn 128; exec "$@"', "sh")
    with subprocess.Popen(
        [*limited, *command("serve", "--port", "0", "--store", store)], env=environment(), stdout=subprocess.PIPE
    ) as server:
        assert server.stdout and b"serves" in server.stdout.readline()
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        server.terminate()
    found = re.search(r"^Max open files +(\d+) +(\d+)", limits, re.MULTILINE)
    assert found and found[1] == found[2] != "128"


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_a_port_in_use_is_named(name, store):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        result = invoke(name, "--port", port, "--store", store)
    assert result.code == 2
    assert result.error == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another address with --host and --port"
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("nowhere.invalid", "."),
        ("a..b", "invalid host name"),
        ("x" * 70 + ".example", "invalid host name"),
        ("192.0.2.1", "Cannot assign requested address"),
    ],
)
def test_a_host_that_cannot_be_listened_on_is_named(host, reason, store):
    result = invoke("serve", "--port", "0", "--host", host, "--store", store)
    assert result.code == 2
    assert re.match(f"cannot listen on {host}:0: {reason}", result.error)
    assert "Errno" not in result.error


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_a_store_that_cannot_be_written_is_named(name):
    result = stoppress(name, "--port", "0", "--store", "sqlite:/proc/blogs.db")
    assert result.code == 2
    assert "cannot write to the store /proc/blogs.db" in result.error
    assert "--store sqlite:PATH" in result.error


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"STOPPRESS_PORT": "http"}, "STOPPRESS_PORT='http': must be a whole number from 0 to 65535"),
        ({"STOPPRESS_STORE": "mysql://root:secret@db"}, "--store has the unknown scheme 'mysql'"),
        ({"STOPPRESS_KEYS": "ann:king:secret-of-ann"}, "unknown role 'king'"),
        ({"STOPPRESS_KEYS_FILE": "/nowhere/keys"}, "cannot read STOPPRESS_KEYS_FILE /nowhere/keys: No such file"),
    ],
)
def test_a_wrong_setting_is_explained_in_one_line(environ, message, store):
    result = invoke("serve", environ={"STOPPRESS_STORE": store, "STOPPRESS_PORT": "0"} | environ)
    assert result.code == 2
    assert message in result.error
    assert "secret" not in result.error


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_serve_says_where_it_listens_and_ends_with_0(store, how):
    async with running("serve", "--port", "0", STOPPRESS_STORE=store) as server:
        warning = await server.line("warning")
        line = await server.line("serves http://127.0.0.1:")
        assert await server.stop(how) == 0
        rest = await server.rest()
    assert "nobody can publish unless the store has keys or people; set STOPPRESS_KEYS=name:admin:SECRET" in warning
    assert line.startswith(f"Stoppress {__version__} serves ")
    assert (len(server.lines), rest) == (2, [])


def test_the_address_of_an_ipv6_socket_has_brackets():
    class Listening:  # as a socket on ::1, which not every machine has
        def getsockname(self) -> tuple[str, int, int, int]:
            return "::1", 8000, 0, 0

    assert address_of(cast(socket.socket, Listening())) == "http://[::1]:8000"
