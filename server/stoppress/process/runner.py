"""Run commands: on uvloop, and with one line and an exit status for an error."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

import click
import uvloop

from stoppress.errors import StartError, StoppressError

_THREAD_SWITCH_SECONDS = 0.0002
"""Seconds that the event loop waits for a thread that runs Python code, after each system call; by default 5 ms. A
delivery makes a system call for each reader, and would take seconds while a thread renders a long entry."""


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine until it ends."""
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(work)
        except ExceptionGroup as group:  # from the tasks of a life; report one failure
            raise group.exceptions[0] from None


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Print one line and exit with a status if a command fails for a known reason.

    The status is 2 if the user must correct something first, 130 after Ctrl-C, else 1.
    """
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except StoppressError as error:
        click.echo(f"stoppress: {' '.join(str(error).split())}", err=True)
        sys.exit(2 if isinstance(error, StartError) else 1)
