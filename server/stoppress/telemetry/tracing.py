"""Traces of a publish over all nodes, by OpenTelemetry, if that is installed and configured; otherwise nothing.

A trace begins with an editor's request (or goes on from its `traceparent`), has the commit in it, and on every other
node that the change gets to its application there: the context travels with the change
(https://www.w3.org/TR/trace-context/). The SDK reads its own variables, OTEL_*.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

_OFF: AbstractContextManager[Any] = nullcontext()


class Tracing:
    """None. `OpenTelemetry` is the other one."""

    def span(self, name: str, /, parent: str = "", **attributes: str) -> AbstractContextManager[Any]:
        """What is done within it is part of the trace; `parent` is a traceparent to go on from."""
        return _OFF

    def past(self, name: str, traceparent: str, began: int, **attributes: str) -> None:
        """A span that is over by now, and began at a Unix time in nanoseconds."""

    def traceparent(self) -> str:
        """The current span, as it is told to others; empty if there is none."""
        return ""

    def close(self) -> None:
        """Send what has not been sent."""


class OpenTelemetry(Tracing):
    """Spans are sent in batches by a thread of the SDK."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        name = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: "stoppress"}
        self._provider = TracerProvider(resource=Resource.create(name))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("stoppress")
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, /, parent: str = "", **attributes: str) -> AbstractContextManager[Any]:
        context = self._propagator.extract({"traceparent": parent}) if parent else None
        named = {f"stoppress.{key}": value for key, value in attributes.items()}
        return self._tracer.start_as_current_span(name, context, attributes=named)

    def past(self, name: str, traceparent: str, began: int, **attributes: str) -> None:
        context = self._propagator.extract({"traceparent": traceparent})
        named = {f"stoppress.{key}": value for key, value in attributes.items()}
        self._tracer.start_span(name, context, attributes=named, start_time=began).end()

    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent", "")

    def close(self) -> None:
        self._provider.shutdown()


def tracing_from(environ: Mapping[str, str] = os.environ) -> Tracing:
    """On if the environment names a place to send traces to, and the extra `otel` is installed."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return Tracing()
    if not environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") and not environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return Tracing()
    try:
        return OpenTelemetry()
    except ImportError:
        return Tracing()
