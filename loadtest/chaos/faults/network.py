"""Faults of the network: between nodes and Redis, and between readers and nodes."""

from __future__ import annotations

from loadtest.chaos.faults.kind import FaultKind, Trial
from loadtest.chaos.stage.proxy import DOWN, UP, NetworkLink


async def _last(trial: Trial, links: list[NetworkLink]) -> None:
    """Let a fault of links last, and end it."""
    await trial.hold()
    for link in links:
        link.heal()


async def _cut_off(trial: Trial, links: list[NetworkLink]) -> None:
    """Do the same with a fault that cuts nodes off from the store."""
    with trial.cut_off(*links):
        await _last(trial, links)


async def delay(trial: Trial) -> None:
    """Delay all that nodes and Redis send each other by 50 to 300 ms."""
    links = trial.some_links()
    for link in links:
        link.delay_seconds = trial.rng.uniform(0.05, 0.3)
    await _last(trial, links)


async def throttle(trial: Trial) -> None:
    """Let only 4 to 40 KB a second pass."""
    links = trial.some_links()
    for link in links:
        link.bytes_per_second = trial.rng.randrange(4_000, 40_000)
    await _cut_off(trial, links)


async def stall_up(trial: Trial) -> None:
    """Let nothing pass from nodes to Redis, then all of it."""
    links = trial.some_links()
    for link in links:
        link.stalled.add(UP)
    await _cut_off(trial, links)


async def stall_down(trial: Trial) -> None:
    """Let nothing pass from Redis to nodes, then all of it: writes are done, and their answers come too late."""
    links = trial.some_links()
    for link in links:
        link.stalled.add(DOWN)
    await _cut_off(trial, links)


async def cut(trial: Trial) -> None:
    """Cut the connections to Redis within a frame, some times."""
    links = trial.some_links()
    with trial.cut_off(*links):
        for _ in range(trial.rng.randrange(1, 5)):
            for link in links:
                link.cut_within_frame(trial.rng.randrange(1, 400))
            await trial.go_on()
        await _last(trial, links)


async def forget(trial: Trial) -> None:
    """Let the connections to Redis hang half open; new ones work."""
    links = trial.some_links()
    for link in links:
        link.forget()
    await _cut_off(trial, links)


async def refuse(trial: Trial) -> None:
    """Cut nodes off from Redis."""
    links = trial.some_links()
    for link in links:
        link.refuses = True
        link.cut()
    await _cut_off(trial, links)


async def reader_cut(trial: Trial) -> None:
    """Cut the connections of readers within a frame, some times."""
    for _ in range(trial.rng.randrange(2, 6)):
        for node in trial.some_nodes():
            node.entrance.cut_within_frame(trial.rng.randrange(1, 2_000))
        await trial.go_on()
    await _last(trial, [node.entrance for node in trial.stage.nodes])


async def reader_delay(trial: Trial) -> None:
    """Give readers a slow and narrow network."""
    entrances = [node.entrance for node in trial.some_nodes()]
    for entrance in entrances:
        entrance.delay_seconds = trial.rng.uniform(0.05, 0.4)
        entrance.bytes_per_second = trial.rng.randrange(20_000, 200_000)
    await _last(trial, entrances)


async def reader_forget(trial: Trial) -> None:
    """Let the connections of readers hang half open."""
    entrances = [node.entrance for node in trial.some_nodes()]
    for entrance in entrances:
        entrance.forget()
    await _last(trial, entrances)


async def reader_pause(trial: Trial) -> None:
    """Let some WebSocket readers read nothing, and read on later."""
    paused = [reader for reader in trial.readers if reader.surface in ("json", "msgpack")]
    for reader in paused:
        reader.is_paused = True
    await trial.hold()
    for reader in paused:
        reader.is_paused = False


KINDS = (
    FaultKind("link-delay", delay),
    FaultKind("link-throttle", throttle),
    FaultKind("link-stall-up", stall_up, may_be_long=True),
    FaultKind("link-stall-down", stall_down, may_be_long=True),
    FaultKind("link-cut", cut),
    FaultKind("link-half-open", forget),
    FaultKind("link-refused", refuse, may_be_long=True),
    FaultKind("reader-cut", reader_cut),
    FaultKind("reader-delay", reader_delay),
    FaultKind("reader-half-open", reader_forget),
    FaultKind("reader-pause", reader_pause),
)
