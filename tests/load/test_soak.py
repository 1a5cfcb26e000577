"""The verdict of `make soak`: what stays passes, what grows does not."""

from __future__ import annotations

import asyncio
import sys

import pytest

from loadtest.soak import Sample, measure_growth, report
from tests.support.command import environment

MB = 1_000_000


def samples(bytes_a_second: int = 0, files_a_minute: int = 0, tasks_a_minute: int = 0) -> list[Sample]:
    noise = (0, 300_000, -300_000)
    return [
        Sample(
            at=float(second),
            bytes=100 * MB + second * bytes_a_second + noise[second % 3],
            files=30 + second * files_a_minute // 60,
            tasks=12 + second * tasks_a_minute // 60,
        )
        for second in range(0, 300, 5)
    ]


@pytest.mark.parametrize(
    ("growing", "flat"),
    [
        ({}, [True, True, True]),
        ({"bytes_a_second": 10_000}, [False, True, True]),
        ({"files_a_minute": 10}, [True, False, True]),
        ({"tasks_a_minute": 10}, [True, True, False]),
    ],
)
def test_what_grows_is_noticed_and_noise_is_flat(growing, flat):
    found = measure_growth(samples(**growing))
    assert [one.is_flat for one in found] == flat
    assert "bytes_a_second" not in growing or found[0].per_hour == pytest.approx(36, rel=0.2)


def test_what_happens_before_the_second_half_does_not_count():
    warming = [Sample(float(at), min(at, 50) * MB, 10, 12) for at in range(100)]
    assert all(one.is_flat for one in measure_growth(warming))


@pytest.mark.parametrize(("number", "is_flat"), [(0, True), (12, True), (60, False)])
def test_only_a_run_of_some_minutes_has_a_verdict(number: int, is_flat: bool, capsys: pytest.CaptureFixture[str]):
    growing = samples(bytes_a_second=100_000, files_a_minute=60)[:number]
    assert report(growing, {}, is_right=True) is is_flat
    assert not report(growing, {}, is_right=False)
    out = capsys.readouterr().out
    assert ("GROWS" in out, "too short for a verdict on growth; use --minutes 5" in out) == (not is_flat, is_flat)


@pytest.mark.slow
async def test_a_short_soak_prints_a_slope_and_checks_every_reader():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.soak", "--minutes", "0.2", "--readers", "30", "--churn", "3"),
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out = (await process.communicate())[0].decode()
    assert "slope" in out and "MB resident" in out and "other files" in out and "tasks" in out, out
    assert "WRONG" not in out and "too short for a verdict" in out
    assert process.returncode == 0
