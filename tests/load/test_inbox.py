"""The figures of messages through Redis, at a small scale, and that losses and doubles are noticed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from loadtest.inbox import Outcomes, play, report

MESSAGES = 100


@pytest.mark.slow
@pytest.mark.redis
async def test_messages_survive_kills_of_nodes(capsys, figure):
    is_kept = report(await play(MESSAGES, node_count=2, seed=1), MESSAGES)
    out = capsys.readouterr().out
    assert is_kept, out
    figure(f"messages through Redis, 2 nodes, {out.splitlines()[-1]}: each of 2 x {MESSAGES} once, all answered")


def outcomes(**changes: Any) -> Outcomes:
    titles = [f"{way}-{number}" for way in ("stream", "channel") for number in range(2)]
    answers = [({"id": f"stream-{number}", "status": 201, "replayed": False}, 0.1) for number in range(2)]
    return Outcomes([Counter(titles)] * 2, answers, Counter(titles[2:]), kills=1)._replace(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"kills": 0},
        {"entries": [Counter({"stream-0": 1, "stream-1": 1, "channel-0": 1})]},
        {"entries": [Counter({"stream-0": 1, "stream-1": 1, "channel-0": 1, "channel-1": 2})]},
        {"entries": [outcomes().entries[0], Counter({"stream-0": 1})]},
        {"answers": outcomes().answers[:1]},
        {"answers": [*outcomes().answers, *outcomes().answers[:1]]},
        {"answers": [outcomes().answers[0], ({"id": "stream-1", "status": 503}, 9.0)]},
    ],
)
def test_what_is_lost_doubled_or_not_answered_is_noticed(changes: dict[str, Any]):
    assert report(outcomes(), 2)
    assert not report(outcomes(**changes), 2)
