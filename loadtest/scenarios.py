"""The scenarios of `make load`, as shares of the number of readers."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """One scenario. "The middle" is the middle of each period (`--period`)."""

    about: str
    first: float = 1.0
    """Share of readers that connect at the beginning; the others connect in the middle, all at once."""
    churn: float = 0.005
    """Share of readers that lose their connection, per second."""
    storm: float = 0.0
    """Share of readers that lose their connection in the middle, all at once."""
    slow: float = 0.0
    """Share of readers that read only a little at a time."""
    writes: float = 2.0
    """Average writes a second."""
    burst: int = 1
    """Writes in a row without a pause."""
    restarts: bool = False
    """Whether `make load` restarts the server in the middle."""
    hostile: int = 0
    """Number of hostile clients."""


SCENARIOS = {
    "steady": Scenario("a steady night: readers come and go, an entry now and then"),
    "spike": Scenario("breaking news: four of five readers connect within seconds", first=0.2),
    "goal": Scenario("goals: twenty entries at once, every ten seconds", burst=20),
    "storm": Scenario("a lost network: all readers lose their connection at once and come back", storm=1.0),
    "deploy": Scenario("a deploy: the server is restarted in the middle", restarts=True),
    "slow": Scenario("mobile readers: a quarter read only a little at a time", slow=0.25),
    "hostile": Scenario("hostile clients: endless heads, junk, huge messages, wrong keys", hostile=10),
}
