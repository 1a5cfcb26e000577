"""The same command for many blogs, in pipelines: portions that neither Redis nor the event loop notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis.asyncio.client import Pipeline

from stoppress.store.redis.connections import Connections

_PIPELINE_COMMANDS = 200
"""Maximum commands in one pipeline, or fields in one command: a few milliseconds for the node, fewer for Redis."""


async def pipelined(
    connections: Connections, queue: Callable[[Pipeline, str], object], names: Sequence[str], *, errors: bool = False
) -> list[Any]:
    """Queue one command for each name, run them in pipelines, and return the answers in order.

    Args:
        connections: run the commands.
        queue: adds the command for a name to a pipeline.
        names: of blogs.
        errors: for a key of a wrong type, return Redis's error in place of the answer, so that it stays with its blog.

    Raises:
        StoreUnavailable: Redis did not answer, or answered with another error.
    """
    answers: list[Any] = []
    for some in chunks(names):
        pipeline = connections.client.pipeline(transaction=False)
        for name in some:
            queue(pipeline, name)
        answers += await connections.answer(_run(pipeline, errors=errors))
    return answers


async def _run(pipeline: Pipeline, *, errors: bool) -> list[Any]:
    answers: list[Any] = await pipeline.execute(raise_on_error=not errors)
    for answer in answers:
        if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
            raise answer
    return answers


def chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut names into portions for one pipeline or command."""
    return (names[begin : begin + _PIPELINE_COMMANDS] for begin in range(0, len(names), _PIPELINE_COMMANDS))
