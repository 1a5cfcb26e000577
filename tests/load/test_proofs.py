"""`make proof`, at a small scale: that it plays what it says, and checks every reader."""

from __future__ import annotations

import re

import pytest

import loadtest.proofs.__main__ as proofs
from loadtest.proofs.delivery import measure as measure_deliveries
from loadtest.proofs.many_blogs import MAX_COMMANDS_PER_SECOND, MAX_LOG_LINES, measure
from loadtest.proofs.overload import overload
from loadtest.proofs.private import MAX_LATE_SECONDS, play
from loadtest.proofs.rolling import rolling
from loadtest.proofs.storm import storm
from loadtest.proofs.verdict import verdict
from stoppress.tools.swarm.histogram import FineHistogram


@pytest.mark.slow
async def test_a_storm_brings_everybody_back(capsys, monkeypatch):
    monkeypatch.setattr("loadtest.proofs.storm.CALM_SECONDS", 4.0)
    await storm(readers=60, publish=5)  # times are for a machine that has nothing else to do
    out = capsys.readouterr().out
    assert "60 of 60 returned" in out and "wrong: nothing" in out
    assert re.search(r"500 others: p99 [1-9][\d.]* ms before, [1-9][\d.]* ms in the storm", out), out


@pytest.mark.slow
async def test_a_full_node_sends_a_crowd_away(capsys, monkeypatch):
    monkeypatch.setattr("loadtest.proofs.overload.CALM_SECONDS", 4.0)
    await overload(readers=50, publish=5)
    out = capsys.readouterr().out
    assert re.search(r"^200 readers over the limit were rejected \d{3,} times, 0 got in", out), out
    assert "wrong: nothing" in out
    assert re.search(r"50 admitted readers: p99 [1-9][\d.]* ms before, [1-9][\d.]* ms in the crowd", out), out


@pytest.mark.slow
async def test_readers_of_a_private_blog_renew_their_tokens(figure, monkeypatch):
    for name, seconds in {"CALM_SECONDS": 1.0, "MINUTE_SECONDS": 5.0}.items():
        monkeypatch.setattr(f"loadtest.proofs.private.{name}", seconds)
    played = await play(readers=300, publish=5)
    assert (played.crowd.wrong, played.renewed, played.at_head) == ({}, 300, 300)
    assert max(played.crowd.late) <= MAX_LATE_SECONDS
    figure(
        f"300 tokens ended in 5 s: connections closed up to {max(played.crowd.late):.1f} s later; CPU of the node "
        f"{played.calm_cpu:.0%} before, {played.renewing_cpu:.0%} meanwhile"
    )


@pytest.mark.slow
@pytest.mark.redis
async def test_a_rolling_restart_behind_nginx_loses_nothing(capsys, monkeypatch):
    monkeypatch.setattr("loadtest.proofs.rolling.CALM_SECONDS", 2.0)
    await rolling(readers=60, publish=5)
    out = capsys.readouterr().out
    assert "wrong: nothing" in out and "0 reset" in out and " 0 failed" in out, out
    assert re.search(r"^\d{2,} closed", out), out


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(180)
async def test_many_blogs_cost_little_and_come_back(monkeypatch, figure):
    monkeypatch.setattr("loadtest.proofs.many_blogs.IDLE_SECONDS", 6.0)
    monkeypatch.setattr("loadtest.proofs.many_blogs.NODES", 2)
    found = await measure(blogs=300, publish=5)
    assert found.commands <= MAX_COMMANDS_PER_SECOND
    assert found.log_lines <= MAX_LOG_LINES
    figure(
        f"300 blogs on 2 nodes: {found.commands:.1f} commands/s when idle; first page {found.first_page:.2f} s; "
        f"all back {found.back:.1f} s after FLUSHALL, {found.log_lines} log lines"
    )


@pytest.mark.slow
@pytest.mark.redis
async def test_the_figures_of_a_desk_are_those_of_the_readers(figure):
    found = await measure_deliveries(readers=100, publish=5, entries=5)
    assert {(one.shown["readers"], one.shown["received"], len(one.times)) for one in found} == {(100, 100, 100)}
    for one in found:  # an exact comparison is for a machine that has nothing else to do
        assert 0 < one.shown["half_ms"] <= one.shown["p95_ms"] <= 1.5 * one.truth + 50
    errors = ", ".join(f"{one.error:+.0%}" for one in found)
    figure(f"delivery to 100 readers on 2 nodes: counts exact; p95 at the desk differs from the truth by {errors}")


def times(seconds: float) -> FineHistogram:
    histogram = FineHistogram()
    histogram.add(seconds, 100)
    return histogram


@pytest.mark.parametrize(
    ("before", "during", "wrong", "is_kept"),
    [
        (0.010, 0.015, {}, True),
        (0.010, 0.030, {}, False),
        (0.200, 0.200, {}, None),
        (0.200, 0.900, {}, None),
        (0.200, 0.200, {"missed": 1}, False),
    ],
)
def test_a_machine_that_was_too_busy_before_says_nothing(capsys, before, during, wrong, is_kept):
    assert verdict(times(before), times(during), wrong, is_kept=True) is is_kept
    said = "no result: the machine was too busy before the event" in capsys.readouterr().out
    assert said == (is_kept is None)


@pytest.mark.parametrize(("told", "out", "status"), [(True, "kept\n", 0), (False, "NOT KEPT\n", 1), (None, "", 1)])
def test_nothing_is_said_to_be_broken_that_cannot_be_told(capsys, monkeypatch, told, out, status):
    async def play(readers, publish):
        return told

    monkeypatch.setitem(proofs.PROOFS, "storm", (play, 10, 1.0))
    monkeypatch.setattr("loadtest.proofs.__main__.allow_many", lambda: None)
    monkeypatch.setattr("sys.argv", ["proofs", "storm"])
    assert proofs.main() == status
    assert capsys.readouterr().out == out
