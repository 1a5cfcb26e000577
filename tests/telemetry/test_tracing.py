"""A publish over two nodes is one trace, as a collector gets it over OTLP."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from websockets.asyncio.client import connect

from stoppress.telemetry.tracing import Tracing
from tests.support.raw import respond

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Takes OTLP over HTTP on a loopback port."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[str, str, str]] = {}
        """By name: trace, span and parent."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        request = ExportTraceServiceRequest.FromString(
            gzip.decompress(body) if "content-encoding: gzip" in head else body
        )
        for span in (span for some in request.resource_spans for scope in some.scope_spans for span in scope.spans):
            self.spans[span.name] = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        await respond(writer, b"")


@pytest.mark.redis
async def test_a_publish_is_one_trace(start_node, redis_server, eventually):
    collector = Collector()
    server = await asyncio.start_server(collector.answer, "127.0.0.1", 0)
    place = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": place, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    here, there = await start_node(redis_server.url, **otel), await start_node(redis_server.url, **otel)
    await here.make_blog("traced")
    async with connect(f"{there.websocket_url}/blogs/traced/live") as line, here.editor() as editor:
        await line.recv()
        traceparent = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        await editor.post("/api/blogs/traced/entries", json={"markdown": "news"}, headers=traceparent)
        await line.recv()

    async def all_came() -> bool:
        return all(collector.spans.get(f"stoppress.{name}", ("",))[0] == TRACE for name in ("write", "commit", "apply"))

    try:
        await eventually(all_came)
    finally:
        server.close()
    write, commit, apply = (collector.spans[f"stoppress.{name}"] for name in ("write", "commit", "apply"))
    assert (write[2], commit[2], apply[2]) == ("b7ad6b7169203331", write[1], commit[1])


@pytest.mark.parametrize("environ", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}])
def test_it_is_off_unless_it_is_configured(environ):
    assert type(Tracing.from_environment(environ)) is Tracing
