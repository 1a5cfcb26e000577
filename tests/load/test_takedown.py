"""`make proof ARGS=takedown`, at a small scale: what it measures, and when it says that the promise was broken."""

from __future__ import annotations

import asyncio
import math
import re
import time

import pytest

from loadtest.proofs.takedown.looks import SurfaceLook, until_gone, until_shown
from loadtest.proofs.takedown.measure import TakedownFigures
from loadtest.proofs.takedown.report import line, takedown
from loadtest.proofs.takedown.tries import Takedown
from stoppress.tools.swarm.histogram import FineHistogram

TRIES = 5


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.parametrize("store", ["sqlite-full", "redis"])
async def test_retractions_are_seen_on_all_surfaces_and_by_all_readers(store, capsys, figure):
    await takedown(20, 5, [store], TRIES)  # times are for a machine that has nothing else to do
    out = capsys.readouterr().out
    assert re.match(rf"{store}: {TRIES} tries, gone after p50 \d+, p99 \d+, max \d+ ms; the last was .* of node ", out)
    assert "wrong" not in out
    assert ("refused" in out) <= (store == "sqlite-full"), out
    figure(f"P5, {out.partition(';')[0]}")


async def test_a_store_that_cannot_be_started_is_an_error_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr("loadtest.proofs.takedown.stores.shutil.which", lambda _: None)
    assert await takedown(20, 5, ["sentinel"], TRIES) is False
    out = capsys.readouterr().out
    assert out.startswith("sentinel: no result: ")
    assert "redis-server is missing" in out and out.count("\n") == 1


def look(*contents: bytes | None) -> SurfaceLook:
    """Return a look that sees one content after the other, and then always the last one."""
    left = list(contents)

    async def get() -> bytes | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return SurfaceLook("page of node 0", "/blogs/takedown", get)


async def test_an_entry_is_gone_with_the_first_answer_that_does_not_have_it():
    began = time.monotonic()
    gone = await until_gone(look(b"token1x", b"token1x", b"token10x"), ["token1x"])
    assert gone.was_there and began < gone.at <= time.monotonic()
    assert not (await until_gone(look(b"token10x"), ["token1x"])).was_there


async def test_an_answer_of_a_busy_node_says_nothing():
    assert not (await until_gone(look(None, b""), ["token1x"])).was_there
    async with asyncio.timeout(5):
        await until_shown(look(None, b"token2x", b"token1x token2x"), ["token1x", "token2x"])


async def test_an_entry_that_stays_is_never_gone(monkeypatch):
    monkeypatch.setattr("loadtest.proofs.takedown.looks.GIVE_UP_SECONDS", 0.05)
    assert (await until_gone(look(b"token1x"), ["token1x"])).at == math.inf
    with pytest.raises(RuntimeError, match="page of node 0 does not show"):
        await until_shown(look(b""), ["token1x"])


def figures(*seconds: float, told: float = 0.1, may_refuse: bool = False, **others: int) -> TakedownFigures:
    histogram = FineHistogram()
    histogram.add(told)
    wrong = {"readers not told": others["untold"]} if "untold" in others else {}
    takedowns = [Takedown(one, "atom of node 1") for one in seconds]
    return TakedownFigures(
        takedowns, others.get("refused", 0), others.get("delayed", 0), histogram, wrong, may_refuse, 0.0
    )


@pytest.mark.parametrize(
    ("found", "is_kept"),
    [
        (figures(0.1, 0.9), True),
        (figures(0.1, 1.1), False),
        (figures(0.1, math.inf), False),
        (figures(0.1, told=1.1), False),
        (figures(0.1, untold=1), False),
        (figures(0.1, refused=1), False),
        (figures(0.1, refused=1, may_refuse=True), True),
        (figures(0.1, refused=1, delayed=1, may_refuse=True), False),
    ],
)
def test_the_slowest_try_decides(found, is_kept):
    assert found.is_kept is is_kept
    assert line(found).endswith(": kept" if is_kept else "NOT KEPT")
    assert "the last was atom of node 1" in line(found)
