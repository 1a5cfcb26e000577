"""A process's life: its moments come in order, and the store is closed however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from stoppress import settings
from stoppress.errors import StoreUnavailable
from stoppress.process import life
from stoppress.process.life import Life
from stoppress.process.node import Node
from stoppress.process.sockets import listen
from tests.support.node import sqlite_url


async def test_work_that_fails_is_started_again_with_longer_pauses(monkeypatch, caplog):
    monkeypatch.setattr(life, "_FIRST_RESTART_SECONDS", 0.001)
    starts = 0

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts < 4:
            raise ValueError(f"failed {starts} times")

    async with asyncio.timeout(10):
        await life._endure("work", work)
    pauses = [vars(record)["again_in_seconds"] for record in caplog.records if record.message == "work_failed"]
    assert pauses == [0.001, 0.002, 0.004]


class Noted(Life):
    """A life that notes its moments."""

    def __init__(self, folder: Path, at_ready: Callable[[], None]) -> None:
        configured = settings.load({"store": sqlite_url(folder)}, {})
        super().__init__(Node(configured), listen("127.0.0.1", 0))
        self.moments: list[str] = []
        self._at_ready = at_ready

    async def ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            self.moments.append(f"ready {(await client.get(f'{self.address}/readyz')).status_code}")
        self._at_ready()

    async def stopping(self) -> None:
        self.moments.append("stopping")
        await super().stopping()

    async def stopped(self) -> None:
        await super().stopped()
        self.moments.append("stopped")


async def test_the_moments_come_in_order(tmp_path):
    life = Noted(tmp_path, lambda: os.kill(os.getpid(), signal.SIGTERM))
    await life.run()
    assert life.moments == ["ready 200", "stopping", "stopped"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


async def test_the_store_is_closed_when_something_fails(tmp_path):
    def fail() -> None:
        raise StoreUnavailable("disk on fire")

    life = Noted(tmp_path, fail)
    with pytest.raises(ExceptionGroup) as failed:
        await life.run()
    assert failed.group_contains(StoreUnavailable, match="disk on fire")
    assert life.moments == ["ready 200", "stopped"]
    await Noted(tmp_path, lambda: os.kill(os.getpid(), signal.SIGTERM)).run()  # nobody has the store any more
