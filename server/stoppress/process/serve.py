"""`stoppress serve`: start one process or several workers with the given settings."""

from __future__ import annotations

import click

from stoppress.process import runner, signals
from stoppress.process.life import Service
from stoppress.process.node import Node
from stoppress.process.sockets import allow_many, listening_sockets
from stoppress.process.workers import Workers
from stoppress.settings import Settings
from stoppress.telemetry.logs import set_up
from stoppress.web.editors.auth import NO_KEYS


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StartError: a setting is wrong, or the store or the port cannot be used.
    """
    set_up(settings.log_format, settings.log_level)
    allow_many()
    signals.ignore_hangup()
    node = Node(settings)
    sockets = listening_sockets(settings.host, settings.port, settings.workers)
    if not len(node.keys):
        click.echo(f"warning: {NO_KEYS}; set STOPPRESS_KEYS=name:admin:SECRET", err=True)
    if settings.workers > 1:
        Workers(settings, sockets).run()
    else:
        runner.run(Service(node, sockets[0]).run())
