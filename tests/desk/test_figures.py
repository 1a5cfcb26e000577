"""The figures of several nodes together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stoppress.desk.figures import DeliveryFigures, NodeFigures, ReaderHistory, deliveries_of, readers_of
from stoppress.live.deliveries import bucket_of

ENTRY = "01a20a42-b36e-7714-8f2e-1a690c4a45bf"


def node(*deliveries: DeliveryFigures, readers: int = 0, minute: int = 100, hour: tuple[int, ...] = ()) -> NodeFigures:
    return NodeFigures(readers, 2, 1, minute, [*[0] * (60 - len(hour)), *hour], list(deliveries))


def sent(version: int, at: float, readers: int, received: int, *seconds: float) -> DeliveryFigures:
    times = [(bucket_of(one), 1) for one in seconds]
    return DeliveryFigures([(ENTRY, version)], f"{version}-x", at, readers, received, times)


def test_readers_are_added_up_minute_by_minute():
    shown = readers_of({"b": node(readers=5, hour=(1, 2)), "a": node(readers=7, minute=101, hour=(10, 20, 30))})
    assert shown["total"] == 5 + 7 + 6
    assert shown["nodes"] == [
        {"node": "a", "websocket": 7, "events": 2, "changes": 1},
        {"node": "b", "websocket": 5, "events": 2, "changes": 1},
    ]
    assert len(shown["hour"]) == 60 and shown["hour"][-4:] == [0, 11, 22, 30]


def test_counts_of_all_nodes_are_added_up():
    shown = deliveries_of([node(sent(1, 10, 100, 99), sent(2, 12, 100, 100)), node(sent(1, 10.1, 50, 50))])
    assert [(one["version"], one["readers"], one["received"]) for one in shown] == [(1, 150, 149), (2, 100, 100)]
    assert shown[0] | {"id": ENTRY, "cursor": "1-x", "half_ms": None, "p95_ms": None} == shown[0]


def test_times_count_from_the_arrival_at_the_first_node():
    shown = deliveries_of([node(sent(1, 10.0, 10, 10, 0.1)), node(sent(1, 10.3, 10, 10, 0.1))])
    assert shown[0]["half_ms"] == pytest.approx(100, rel=0.06)
    assert shown[0]["p95_ms"] == pytest.approx(400, rel=0.06)


def test_answers_count_for_all_readers_of_their_node():
    few = sent(1, 10.0, 10, 10, *[1.0] * 10)
    many = sent(1, 10.0, 990, 990, *[0.1] * 10)
    assert deliveries_of([node(few), node(many)])[0]["p95_ms"] == pytest.approx(100, rel=0.06)


def test_the_record_of_another_version_is_ignored():
    assert NodeFigures.read(b'{"websocket":1}') is None
    assert NodeFigures.read(msgspec.json.encode(node())) == node()


def test_the_last_hour_is_kept_for_blogs_with_readers():
    history = ReaderHistory()

    def at(minute: int, **readers: int) -> Any:
        history.count(minute, lambda: readers)
        return history.hour("demo")

    at(1_000, demo=3)
    at(1_000, demo=9)
    assert at(1_001, demo=5)[1][-3:] == [0, 3, 5]
    assert at(1_004, other=1) == (1_004, [0] * 55 + [3, 5, 0, 0, 0])
    assert at(1_063)[1][:2] == [0, 0]
    assert set(history._counts) == {"other"}
    at(2_000)
    assert history._counts == {}
