"""The log: one line for each event, as JSON or text, on standard error.

Modules log with Python's `logging`: the message is the fixed name of an event, and `extra` has its details. Records of
libraries look the same, with their text as the event.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.processors import CallsiteParameter, CallsiteParameterAdder, JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

_QUIET_LIBRARIES = ("uvicorn", "httpx", "httpcore", "websockets", "asyncio", "redis", "opentelemetry")
"""Libraries of which only warnings and errors are logged."""

_SECRETS = re.compile(
    r"""(?i)(\w://[^\s/:@]*:)[^\s@]+(?=@)         # the password in an address
      | (\b(?:bearer|basic)\s+)[^\s"',;]+         # the value of a header
      | ((?:token|key|secret|password)=)[^&\s"']+  # a query parameter
    """,
    re.VERBOSE,
)


def set_up(format_: str, level: str, stream: TextIO | None = None) -> None:
    """Send the log to a stream, by default standard error. The format `auto` is text on a terminal, else JSON."""
    stream = stream or sys.stderr
    terminal = stream.isatty()
    text = format_ == "text" or (format_ == "auto" and terminal)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(structlog.dev.ConsoleRenderer(colors=terminal) if text else JSONRenderer()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _formatter(renderer: Any) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=[
            add_log_level,
            add_logger_name,
            ExtraAdder(),
            CallsiteParameterAdder([CallsiteParameter.PROCESS]),
            TimeStamper(fmt="iso", utc=True),
        ],
        processors=[ProcessorFormatter.remove_processors_meta, format_exc_info, _without_secrets, renderer],
    )


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets by `***`. Our own events have none, but texts of libraries and exceptions may."""
    for name, value in event.items():
        if isinstance(value, Exception):
            value = event[name] = str(value)
        if isinstance(value, str):
            event[name] = _SECRETS.sub(lambda found: "".join(part or "" for part in found.groups()) + "***", value)
    return event
