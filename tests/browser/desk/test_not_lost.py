"""Nothing typed is lost and nothing posted twice: a few moments of what `make proof ARGS=writing` plays fifty times."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from loadtest.proofs.writing.check import LostAndDouble, check
from loadtest.proofs.writing.proof import FAULTS, play
from loadtest.proofs.writing.typist import Typist

TIMES = int(os.environ.get("STOPPRESS_TEST_FAULTS", "1"))
"""How often each fault happens."""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_fault_loses_words_or_posts_twice(fault: str, figure: Callable[[str], None]):
    played = await play(fault, TIMES, seed=TIMES)
    assert (played.lost, played.double) == ([], [])
    assert played.sent or fault == "browser", "nothing was sent, so nothing was tried"  # it may be killed before
    figure(f"desk, fault {fault}: {TIMES} times while {played.sent} entries were sent: nothing lost or posted twice")


def kept(form: str = "", drafts: tuple[str, ...] = (), returned: tuple[str, ...] = ()) -> dict[str, object]:
    return {"form": form, "drafts": list(drafts), "returned": list(returned), "waiting": 0}


def published(*texts: str) -> list[dict[str, str]]:
    return [{"markdown": text, "status": "published"} for text in texts]


class TestTheCheck:
    @pytest.fixture
    def typist(self) -> Typist:
        """Somebody who sent one text ten seconds before the fault, which is at 100 s, and types another."""
        typist = Typist(0)
        typist.sent = {"一 goal.": 90.0}
        typist.history = [(0.0, ""), (95.0, "丁"), (97.5, "丁 late"), (99.0, "丁 late crowd")]
        return typist

    def test_what_is_young_may_be_lost(self, typist: Typist):
        assert check(typist, published("一 goal."), kept("丁 late"), 100.0) == LostAndDouble([], [])

    def test_an_older_character_may_not(self, typist: Typist):
        assert check(typist, published("一 goal."), kept("丁 lat"), 100.0).lost == ["丁 late"]

    def test_a_text_that_was_sent_may_not(self, typist: Typist):
        assert check(typist, [], kept("丁 late"), 100.0).lost == ["一 goal."]

    @pytest.mark.parametrize("texts", [("一 goal.", "一 goal."), ("一 goal.", "一 go")])
    def test_two_of_one_are_found(self, typist: Typist, texts: tuple[str, ...]):
        assert check(typist, published(*texts), kept("丁 late"), 100.0).double == ["一"]

    def test_what_is_published_must_not_be_in_the_form_as_well(self, typist: Typist):
        assert check(typist, published("一 goal."), kept("一 goal.", ("丁 late",)), 100.0).double == ["一 goal."]

    def test_a_page_that_lives_on_loses_nothing(self, typist: Typist):
        found = check(typist, published("一 goal."), kept("丁 late"), float("inf"))
        assert found.lost == ["丁 late crowd"]
