"""Traces of a publish across all nodes, by OpenTelemetry if it is installed and configured.

A trace begins with an editor's request, or continues from its `traceparent`. It contains the commit, and the
application of the change on every other node, because the trace context travels with the change
(https://www.w3.org/TR/trace-context/). The SDK reads its own environment variables, OTEL_*.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

_OFF: AbstractContextManager[Any] = nullcontext()


class Tracing:
    """Tracing that does nothing; `_OpenTelemetry` is the subclass that traces."""

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Tracing:
        """Return OpenTelemetry's tracing if the environment has an endpoint and the extra `otel` is installed."""
        off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        endpoint = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        if off or not endpoint or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
            return Tracing()
        try:
            return _OpenTelemetry()
        except ImportError:
            return Tracing()

    def span(self, name: str, /, parent: str = "", **attributes: str) -> AbstractContextManager[Any]:
        """Return a context whose duration is a span of the trace; `parent` is a traceparent to continue from."""
        return _OFF

    def past(self, name: str, traceparent: str, began: int, **attributes: str) -> None:
        """Record a span that ends now and began at `began`, Unix time in nanoseconds."""

    def traceparent(self) -> str:
        """Return the traceparent of the current span; empty if there is none."""
        return ""

    def close(self) -> None:
        """Send the remaining spans."""


class _OpenTelemetry(Tracing):
    """Tracing with the OpenTelemetry SDK, which sends spans in batches from a thread."""

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
