"""Turns of the tests on a machine: a test that measures a time under load runs alone, the others beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, flock
from pathlib import Path

_GATE, _RUNNING = Path(__file__).with_name("__init__.py"), Path(__file__)
"""The files of this checkout that are locked. All pytest workers lock the same ones."""


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait until a test may run, and keep its turn until the block ends."""
    with _RUNNING.open() as running:
        with _GATE.open() as gate:
            flock(gate, LOCK_EX)  # while a test waits to run alone, no other begins
            flock(running, LOCK_EX if alone else LOCK_SH)
        yield
