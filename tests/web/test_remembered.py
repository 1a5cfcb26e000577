"""What is kept is bounded, and what is asked for stays."""

from __future__ import annotations

from stoppress.web.remembered import OVERHEAD, Remembered


def test_what_was_kept_is_found():
    kept = Remembered(10_000)
    kept.put("a", b"1")
    assert (kept.get("a"), kept.get("b")) == (b"1", None)


def test_what_was_not_asked_for_the_longest_goes_first():
    kept = Remembered(3 * (OVERHEAD + 10))
    for name in "abc":
        kept.put(name, bytes(10))
    kept.get("a")
    kept.put("d", bytes(10))
    assert [name for name in "abcd" if kept.get(name) is not None] == ["a", "c", "d"]


def test_a_key_of_bytes_counts_too():
    kept = Remembered(2 * OVERHEAD + 1_000)
    kept.put(bytes(900), b"")
    kept.put(b"x" * 900, b"")
    assert (kept.get(bytes(900)), kept.get(b"x" * 900)) == (None, b"")


def test_what_is_put_again_counts_once():
    kept = Remembered(2 * (OVERHEAD + 100))
    for _ in range(10):
        kept.put("a", bytes(100))
    kept.put("b", bytes(100))
    assert kept.get("a") == bytes(100)


def test_what_is_larger_than_the_limit_is_not_kept():
    kept = Remembered(1_000)
    kept.put("a", bytes(2_000))
    kept.put("b", b"1")
    assert (kept.get("a"), kept.get("b")) == (None, b"1")
