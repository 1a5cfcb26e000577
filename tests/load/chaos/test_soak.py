"""The verdict of `make chaos ARGS=--soak`: what is broken, grows or was not played fails."""

from __future__ import annotations

import pytest

from loadtest.chaos.probes import is_settled
from loadtest.chaos.soak import SoakPlan, report
from loadtest.soak import Sample
from tests.load.chaos.story import Story

PLAN = SoakPlan(minutes=10.0, readers=30, writes_per_second=10.0, nodes=2, seed=1, keep="")

MB = 1_000_000


def samples(bytes_a_second: int) -> list[Sample]:
    return [Sample(float(at), 100 * MB + at * bytes_a_second, 30, 12) for at in range(0, 600, 6)]


def story() -> Story:
    story = Story()
    for number in range(6):
        story.write(3.0 + number)
    return story


@pytest.mark.parametrize(
    ("growth", "figures", "is_kept"),
    [
        (0, {"delivered": 5, "wrong": {}}, True),
        (20_000, {"delivered": 5, "wrong": {}}, False),
        (0, {"delivered": 5, "wrong": {"gap": 1}}, False),
        (0, {}, False),
    ],
    ids=["right", "grows", "a gap in the swarm", "no swarm"],
)
def test_a_soak_is_right_only_if_all_was_played_and_nothing_is_wrong(growth, figures, is_kept):
    assert report(PLAN, story().verdict(), [figures], {0: samples(growth)}) is is_kept


def test_a_soak_without_writes_is_not_right():
    assert not report(PLAN, Story().verdict(), [{"delivered": 5}], {0: samples(0)})


def test_a_run_is_settled_when_nodes_store_and_readers_agree_and_nothing_is_due():
    story_ = story()
    states = list(story_.verdict().facts.states.values())
    assert is_settled(states, {story_.cursor})
    assert not is_settled(states, {story_.cursor, "5-t5"})
    store = next(state for state in states if state.source == "store")
    store.items = {**store.items, "e9": (0, 1, "scheduled", "tok9x")}
    assert not is_settled(states, {story_.cursor})
