"""Spans as a collector sends them on, by OTLP over HTTP, and the tree that they make."""

import gzip
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span; `parent_id` is empty where a trace begins, and times are in nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    begun: int
    ended: int

    @property
    def milliseconds(self) -> float:
        """Return how long it took."""
        return (self.ended - self.begun) / 1e6


@dataclass
class Receiver:
    """Where a collector sends traces: what has come so far."""

    port: int
    spans: list[Span] = field(default_factory=list)

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace, the earliest first."""
        return sorted((one for one in list(self.spans) if one.trace_id == trace_id), key=lambda one: one.begun)


@contextmanager
def span_receiver(host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Take what is sent to a free port at `host` while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: what arrives is kept."""

    with ThreadingHTTPServer((host, 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> list[Span]:
    found = []
    for resource in request.resource_spans:
        names = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            found += [
                Span(
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    names["service.name"],
                    one.name,
                    one.start_time_unix_nano,
                    one.end_time_unix_nano,
                )
                for one in scope.spans
            ]
    return found


def roots(spans: Sequence[Span]) -> list[Span]:
    """Return the spans whose parent is none of the others: one, where they are one tree."""
    known = {one.span_id for one in spans}
    return [one for one in spans if one.parent_id not in known]


def way_to(span: Span, spans: Sequence[Span]) -> list[Span]:
    """Return the spans from the root to this one."""
    by_id, way = {one.span_id: one for one in spans}, [span]
    while way[0].parent_id in by_id:
        way.insert(0, by_id[way[0].parent_id])
    return way


def drawn(spans: Sequence[Span]) -> list[str]:
    """Return the tree as lines: when each span began, how long it took, its service and its name."""
    if not spans:
        return []
    first = min(one.begun for one in spans)

    def lines(span: Span, depth: int) -> Iterator[str]:
        at = (span.begun - first) / 1e6
        yield f"{at:9.1f} ms {span.milliseconds:9.1f} ms  {'  ' * depth}{span.service}: {span.name}"
        for child in spans:
            if child.parent_id == span.span_id:
                yield from lines(child, depth + 1)

    return [line for root in roots(spans) for line in lines(root, 0)]
