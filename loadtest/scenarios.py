"""The nights that `make load` can play, as shares of the readers that there are."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """One night. What has a middle does it in the middle of each period (`--period`)."""

    about: str
    first: float = 1.0
    """The share of readers that are there from the beginning; the others come in the middle, all at once."""
    churn: float = 0.005
    """The share that loses its line in a second."""
    storm: float = 0.0
    """The share that loses it at once, in the middle."""
    slow: float = 0.0
    """The share that takes a little at a time."""
    writes: float = 2.0
    """Writes in a second, on average."""
    burst: int = 1
    """Writes that follow each other without a pause."""
    restarts: bool = False
    """Whether the server is restarted in the middle; `make load` does that."""
    hostile: int = 0
    """Clients that keep no rule."""


SCENARIOS = {
    "steady": Scenario("a steady night: readers come and go, an entry now and then"),
    "spike": Scenario("breaking news: four of five readers come within seconds", first=0.2),
    "goal": Scenario("goals: twenty entries in one go, every ten seconds", burst=20),
    "storm": Scenario("a lost network: all readers lose their line at once and come back", storm=1.0),
    "deploy": Scenario("a deploy: the server is restarted in the middle", restarts=True),
    "slow": Scenario("mobile readers: a quarter takes a little at a time", slow=0.25),
    "hostile": Scenario("hostile clients: endless heads, junk, too long messages, wrong keys", hostile=10),
}
