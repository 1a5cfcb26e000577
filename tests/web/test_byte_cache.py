"""What is kept is bounded, and what is asked for stays."""

from __future__ import annotations

from stoppress.web.byte_cache import ByteCache

VALUE = bytes(10_000)


def kept(remembered: ByteCache, names: str) -> str:
    return "".join(name for name in names if remembered.get(name) is not None)


def test_what_was_not_asked_for_the_longest_goes_first():
    remembered = ByteCache(85_000)  # eight of them, with their places
    for name in "abcdefgh":
        remembered.put(name, VALUE)
    assert kept(remembered, "abcdefgh") == "abcdefgh"
    assert remembered.get("a") is not None
    remembered.put("i", VALUE)
    assert kept(remembered, "abcdefghi") == "acdefghi"


def test_what_is_put_again_counts_once():
    remembered = ByteCache(85_000)
    for _ in range(20):
        remembered.put("a", VALUE)
    for name in "bcdefgh":
        remembered.put(name, VALUE)
    assert kept(remembered, "abcdefgh") == "abcdefgh"


def test_small_values_are_counted_with_their_places():
    remembered = ByteCache(50_000)
    for number in range(1_000):
        remembered.put(number, b"")
    assert sum(remembered.get(number) is not None for number in range(1_000)) == 100


def test_a_large_value_is_not_kept_and_pushes_nothing_out():
    remembered = ByteCache(80_000)
    for name in "abc":
        remembered.put(name, bytes(5_000))
    remembered.put("large", bytes(10_001))
    assert remembered.get("large") is None
    assert kept(remembered, "abc") == "abc"
