"""`make proof`, at a small scale: that it plays what it says, and checks every reader."""

from __future__ import annotations

import re

import pytest

from loadtest.proofs.overload import overload
from loadtest.proofs.rolling import rolling
from loadtest.proofs.storm import storm


@pytest.mark.slow
async def test_a_storm_brings_everybody_back(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("loadtest.proofs.storm.CALM", 4.0)
    await storm(readers=60, publish=5)  # times are for a machine that has nothing else to do
    out = capsys.readouterr().out
    assert "60 of 60 returned" in out and "wrong: nothing" in out
    assert re.search(r"500 who stayed: p99 [1-9][\d.]* ms before, [1-9][\d.]* ms in the storm", out), out


@pytest.mark.slow
async def test_a_full_node_sends_a_crowd_away(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("loadtest.proofs.overload.CALM", 4.0)
    await overload(readers=50, publish=5)
    out = capsys.readouterr().out
    assert re.search(r"^200 readers too many were refused \d{3,} times, 0 got in", out), out
    assert "wrong: nothing" in out
    assert re.search(r"50 who were in: p99 [1-9][\d.]* ms before, [1-9][\d.]* ms in the crowd", out), out


@pytest.mark.slow
@pytest.mark.redis
async def test_a_rolling_restart_behind_nginx_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("loadtest.proofs.rolling.CALM", 2.0)
    await rolling(readers=60, publish=5)
    out = capsys.readouterr().out
    assert "wrong: nothing" in out and "0 reset" in out and " 0 failed" in out, out
    assert re.search(r"^\d{2,} closed", out), out
