"""Run one proof; the exit status is 0 if it keeps its promises."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

import loadtest.proofs
from loadtest.proofs.delivery import delivery
from loadtest.proofs.editors import editors
from loadtest.proofs.many_blogs import many_blogs
from loadtest.proofs.overload import overload
from loadtest.proofs.private import private
from loadtest.proofs.rolling import rolling
from loadtest.proofs.storm import storm
from loadtest.proofs.takedown.report import takedown
from loadtest.proofs.takedown.stores import STORES
from loadtest.proofs.writing.latency import latency
from loadtest.proofs.writing.proof import FAULTS, writing
from stoppress.process.sockets import allow_many

DESK = ("writing", "editors", "desk-latency")
"""Proofs of the desk, which have neither readers nor a rate of writes."""

PROOFS = {
    "storm": (storm, 10_000, 2.0),
    "overload": (overload, 2_000, 10.0),
    "rolling": (rolling, 5_000, 10.0),
    "private": (private, 5_000, 2.0),
    "many-blogs": (many_blogs, 5_000, 10.0),
    "takedown": (takedown, 500, 10.0),
    "delivery": (delivery, 2_000, 2.0),
}
"""By name: the function that plays a proof, its default number of readers or blogs, and its default writes a second."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(loadtest.proofs.__doc__ or "").partition("\n")[0])
    parser.add_argument("proof", choices=[*PROOFS, *DESK])
    parser.add_argument(
        "--readers",
        type=int,
        help="default 10000 for storm, 2000 for overload and delivery, 500 for takedown, else 5000",
    )
    parser.add_argument("--blogs", type=int, help="for many-blogs; default 5000")
    parser.add_argument("--store", choices=STORES, action="append", help="for takedown; default all in turn")
    parser.add_argument("--tries", type=int, default=200, help="for takedown; default 200 for each store")
    parser.add_argument(
        "--publish", type=float, help="writes a second; default 2 for storm, private and delivery, else 10"
    )
    parser.add_argument(
        "--times", type=int, default=50, help="for writing, of each fault, and desk-latency; default 50"
    )
    parser.add_argument("--fault", choices=FAULTS, action="append", help="for writing; default all in turn")
    parser.add_argument("--seconds", type=float, default=60.0, help="for editors; default 60")
    asked = parser.parse_args()
    allow_many()
    is_kept = asyncio.run(_play(asked))
    if is_kept is not None:  # None: the proof has printed why it has no result
        print("kept" if is_kept else "NOT KEPT")
    return 0 if is_kept else 1


def _play(asked: argparse.Namespace) -> Coroutine[Any, Any, bool | None]:
    if asked.proof == "writing":
        return writing(asked.times, tuple(asked.fault or FAULTS))
    if asked.proof == "desk-latency":
        return latency(asked.times)
    if asked.proof == "editors":
        return editors(asked.seconds, asked.publish or 10.0)
    play, readers, publish = PROOFS[asked.proof]
    if asked.proof == "takedown":
        play = partial(takedown, stores=asked.store or (), tries=asked.tries)
    return play(asked.readers or asked.blogs or readers, asked.publish or publish)


if __name__ == "__main__":
    sys.exit(main())
