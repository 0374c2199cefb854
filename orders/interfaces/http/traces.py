"""Traces by OpenTelemetry: a span for each request, with the ID that its answer and its log have.

The span is made when the request is over, so that tracing costs the request nothing. Where spans go
is up to the SDK's own settings, `OTEL_…`.
"""

import time

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from orders import __version__
from orders.interfaces.http.logs import masked
from orders.interfaces.http.observers import HandledRequest, Observer

NANOSECONDS = 1_000_000_000


def start_tracing(processor: SpanProcessor | None = None) -> Observer:
    """Return an observer that makes a span of each request.

    Spans continue the trace in the request's `traceparent`. Without `processor`, a thread sends
    them to OTEL_EXPORTER_OTLP_ENDPOINT; what cannot be sent is dropped.
    """
    # The SDK's own variables, such as OTEL_SERVICE_NAME, come before these.
    resource = Resource({SERVICE_NAME: "shortorder", SERVICE_VERSION: __version__}).merge(
        Resource.create()
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("shortorder", __version__)

    def observe(handled: HandledRequest) -> None:
        ended = time.time_ns()
        name = f"{handled.method} {handled.route}" if handled.route else handled.method
        span = tracer.start_span(
            name,
            propagate.extract({"traceparent": handled.trace}),
            SpanKind.SERVER,
            _attributes(handled),
            start_time=ended - int(handled.seconds * NANOSECONDS),
        )
        if handled.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    return observe


def _attributes(handled: HandledRequest) -> dict[str, str | int]:
    """Return the attributes by the names of OpenTelemetry, and ours; the path has no query."""
    return {
        "http.request.method": handled.method,
        "http.route": handled.route,
        "http.response.status_code": handled.status,
        "url.path": masked(handled.path),
        "client.address": handled.address,
        "shortorder.request_id": handled.id,
        "shortorder.org_id": handled.org_id,
        "shortorder.actor_id": handled.actor_id,
    }
