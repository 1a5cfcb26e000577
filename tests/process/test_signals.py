"""Signals: what SIGHUP does in a terminal, and that nothing is waited for after the third stop."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess

from stoppress.process.signals import SAME_SECONDS
from tests.support.command import command, environment
from tests.support.node import sqlite_url
from tests.support.raw import posting


def test_a_server_ends_with_the_terminal_that_it_was_started_in(tmp_path):
    ours, terminal = pty.openpty()
    with subprocess.Popen(
        command("serve", "--port", "0", "--store", sqlite_url(tmp_path)),
        env=environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        # nohup, or a test before this one, may ignore it
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509, no threads here
    ) as server:
        assert server.stdout and b"serves" in server.stdout.readline()
        server.send_signal(signal.SIGHUP)  # as the kernel does when the terminal is closed
        assert server.wait(20) == -signal.SIGHUP
    os.close(ours)
    os.close(terminal)


async def test_after_the_third_signal_nothing_is_waited_for(start_node):
    node = await start_node(STOPPRESS_LEAD="60")
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(posting("demo", "Content-Length: 17") + b"{")
    async with node.editor() as editor:
        await editor.get("/api/blogs")  # by then the other request has begun
    for _ in range(2):
        os.kill(node.pid, signal.SIGTERM)
        await asyncio.sleep(SAME_SECONDS + 0.1)
    assert await node.stop() == 0
    answer = await reader.read()
    assert b" 408 " not in answer[:20], "its deadline of five seconds was waited for"
    writer.close()
