"""`make chaos` in short: runs with few faults and fixed seeds keep all promises, and planted bugs break them."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import loadtest.chaos.__main__ as chaos
from loadtest.chaos.checker.shown import Violation
from loadtest.chaos.faults import FAULTS
from loadtest.chaos.log import ReaderClosed
from loadtest.chaos.planted import BUGS, plant
from loadtest.chaos.run import RunPlan, RunResult, play
from loadtest.chaos.table import is_caught, print_planted, print_table
from stoppress.live.replica import Replica
from tests.load.chaos.story import Story

SHORT = ("link-cut", "reader-cut", "node-kill", "one-key-twice", "flushall", "older-copy", "sqlite-kill")

SHOWN = ("gap-on-catch-up", "key-ignored", "applied-not-called")
"""Bugs that most runs under their fault show."""

AT_ONCE, PLANTED_RUNS = 3, 6
"""Runs at once, and at most of each planted bug."""


async def play_some(*plans: RunPlan) -> list[RunResult]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def play_one(plan: RunPlan) -> RunResult:
        async with turns:
            return await play(plan)

    return await asyncio.gather(*map(play_one, plans))


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(300)
async def test_no_promise_is_broken_under_faults(figure):
    results = await play_some(*(RunPlan(fault, seed=1) for fault in SHORT))
    broken = [f"{one.fault}: {one.error or one.violations[:3]}" for one in results if one.error or one.violations]
    assert broken == []
    writes, readers = sum(one.writes for one in results), sum(len(one.convergence) for one in results)
    slowest = max(seconds for one in results for seconds in one.convergence)
    figure(
        f"{len(results)} faults, {writes} writes, {readers} readers: all have the newest state after {slowest:.1f} s"
    )


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(300)
async def test_planted_bugs_are_caught():
    missed: dict[str, list[RunResult]] = {bug: [] for bug in SHOWN}
    for seed in range(1, 1 + PLANTED_RUNS):
        for one in await play_some(*(RunPlan(BUGS[bug].fault, seed, bug) for bug in missed)):
            missed[one.bug].append(one)
            if is_caught(one.bug, one):
                del missed[one.bug]
    assert missed == {}


@pytest.mark.parametrize("is_right", [True, False])
def test_a_log_that_was_kept_can_be_checked_again(tmp_path, monkeypatch, capsys, is_right):
    story = Story()
    for number in range(6):
        story.write(3.0 + number)
    story.verdict()
    if not is_right:
        story.log.add(ReaderClosed(at=3.0, reader=0, node=0, code=4404))
    story.log.save(tmp_path / "log")
    monkeypatch.setattr("sys.argv", ["chaos", "--check", str(tmp_path / "log")])
    assert chaos.main() == (0 if is_right else 1)
    assert ("P3: reader 0 was told 4404" in capsys.readouterr().out) != is_right


def test_all_faults_and_bugs_are_listed(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["chaos", "--list"])
    assert chaos.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*FAULTS, *BUGS]
    assert all(len(line.split()) > 2 for line in lines)


def test_there_are_enough_faults_and_bugs_and_each_bug_has_its_fault():
    assert len(FAULTS) * 15 >= 600
    asked = {"tags-ignored", "publish-before-write", "applied-not-called", "drafts-forgotten", "old-connection-kept"}
    assert asked <= set(BUGS)
    assert len(BUGS) >= 12
    assert {bug.fault for bug in BUGS.values()} <= set(FAULTS)


def test_a_bug_is_put_into_the_class_of_the_server(monkeypatch):
    knows = Replica.knows
    monkeypatch.setattr(Replica, "knows", knows)
    plant("tags-ignored")
    assert Replica.knows is not knows


def test_the_table_has_a_row_for_each_fault_and_fails_with_any_violation(capsys):
    good = RunResult("link-cut", 1, writes=10, lost=2, convergence=[0.5, 1.5])
    assert print_table([good, RunResult("node-kill", 1, writes=5)])
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == ["link-cut", "1", "10", "2", "0", "0", "1.50", "1.50", "nan"]
    assert not print_table([good, RunResult("node-kill", 1, error="no such file")])


def test_a_bug_counts_as_caught_only_if_the_run_without_it_is_clean(capsys):
    shown = RunResult("one-key-twice", 1, "key-ignored", [Violation("P4", 1.0, "twice")])
    runs, clean = Counter({"key-ignored": 1}), RunResult("one-key-twice", 1)
    assert print_planted(runs, {"key-ignored": shown}, {"key-ignored": clean})
    assert not print_planted(runs, {"key-ignored": shown}, {"key-ignored": shown})
    assert not print_planted(runs, {}, {})
    assert "NOT CAUGHT" in capsys.readouterr().out
