"""One article is one trace: a collector, as clusters/ configures it, is sent one tree by Envoy and four services."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import httpx
import pytest
import yaml

from standalone.system.processes import ProcessSystem, process_system
from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.programs import cluster_program
from tests.platform.support.running import serving
from tests.spans import Receiver, Span, drawn, roots, span_receiver, way_to
from tests.system import free_port

CONFIGURATION = ROOT / "clusters" / "base" / "tracing" / "config.yaml"
(MESH,) = [
    one["spec"]
    for one in yaml.safe_load_all((ROOT / "clusters" / "base" / "configs" / "mesh.yaml").read_text(encoding="utf-8"))
    if one["kind"] == "Telemetry"
]
CALLING_SPAN = "b7ad6b7169203331"
WAY = ["gateway", "news-ingestion", "gateway", "nlp-processing", "gateway", "market-impact", "gateway", "alert-signal"]
SECONDS = 60.0


@dataclass(frozen=True)
class Collector:
    """A collector that runs, and what has arrived where it sends traces."""

    grpc_port: int
    http_port: int
    receiver: Receiver


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector with the configuration of clusters/, but for the addresses at which it listens."""
    program = cluster_program("otelcol")
    grpc, http, health = free_port(), free_port(), free_port()
    here = tmp_path / "here.yaml"
    protocols = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
    addresses = {
        "receivers": {"otlp": {"protocols": protocols}},
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
    }
    here.write_text(yaml.safe_dump(addresses), encoding="utf-8")
    with span_receiver() as receiver, ExitStack() as stack:
        monkeypatch.setenv("TRACES_ENDPOINT", f"http://127.0.0.1:{receiver.port}")
        arguments = (f"--config={CONFIGURATION}", f"--config={here}")
        serving(stack, tmp_path, program, *arguments, base_url=f"http://127.0.0.1:{health}", ready="/")
        yield Collector(grpc, http, receiver)


@pytest.fixture
async def traced(
    collector: Collector, backing_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ProcessSystem]:
    """Four processes behind Envoy; all of them send their spans to the collector, Envoy by gRPC as a sidecar does."""
    tracing = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.http_port}",
        # Of the SDK: milliseconds between two exports.
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    for name, value in {**backing_environment, **tracing, "OUTBOX_POLL_SECONDS": "0.2"}.items():
        monkeypatch.setenv(name, value)
    async with process_system(tmp_path, 0) as system:
        file = system.envoy_configuration
        assert file is not None
        bootstrap = json.loads(file.read_text(encoding="utf-8"))
        trace_envoy(bootstrap, collector.grpc_port)
        file.write_text(json.dumps(bootstrap), encoding="utf-8")
        envoy = system.processes["envoy"]
        envoy.terminate()
        await envoy.wait()
        await system.start_envoy()
        await system.wait_until_reachable()
        yield system


def trace_envoy(bootstrap: JSON, port: int) -> None:
    """Let Envoy trace as the mesh's gateway does: everybody is a stranger, and each request gets a new name."""
    resources = bootstrap["static_resources"]
    (listener,) = resources["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    tracer = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
        "grpc_service": {"envoy_grpc": {"cluster_name": "collector"}, "timeout": "2s"},
        "service_name": "gateway",
    }
    manager["use_remote_address"] = True
    manager["tracing"] = {
        "random_sampling": {"value": MESH["tracing"][0]["randomSamplingPercentage"]},
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": tracer},
    }
    options = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    resources["clusters"].append(
        {
            "name": "collector",
            "type": "STATIC",
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
            "load_assignment": {
                "cluster_name": "collector",
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
            },
        }
    )


TITLES = ("Apple beats profit estimates and raises its dividend", "Apple recalls laptops whose batteries catch fire")


async def post(system: ProcessSystem, title: str, traceparent: str | None) -> None:
    """Post an article, and wait until its impacts are there."""
    address = f"https://wire.example/{title.replace(' ', '-').lower()}"
    article = {"title": title, "url": address, "published_at": "2015-01-27T21:30:00Z"}
    headers = {} if traceparent is None else {"traceparent": traceparent}
    async with httpx.AsyncClient(base_url=system.address, trust_env=False, timeout=SECONDS) as http:
        answer = await http.post("/news/v1/articles", json={"articles": [article]}, headers=headers)
        (stored,) = answer.raise_for_status().json()["data"]
        assert stored["status"] == "created"
        async with asyncio.timeout(SECONDS):
            while not (await http.get(f"/impact/v1/impacts?article_id={stored['article_id']}")).json()["data"]:
                await asyncio.sleep(0.1)


async def arrived(condition: Callable[[], bool], receiver: Receiver) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail("\n".join(["not all spans have come:", *drawn(receiver.spans)]))


@pytest.mark.parametrize("calling_span", [CALLING_SPAN, ""], ids=["a caller's trace", "a trace of the gateway's own"])
async def test_an_article_is_one_tree_from_the_gateway_through_all_four_services(
    collector: Collector, traced: ProcessSystem, calling_span: str
) -> None:
    recorded, unrecorded, receiver = secrets.token_hex(16), secrets.token_hex(16), collector.receiver

    # What comes first would have been sent before what comes last.
    await post(traced, TITLES[0], f"00-{unrecorded}-{CALLING_SPAN}-00")
    await post(traced, TITLES[1], f"00-{recorded}-{calling_span}-01" if calling_span else None)

    def found() -> list[Span]:
        """Return the spans of the trace in which an article was posted."""
        posts = [one.trace_id for one in list(receiver.spans) if one.name == "POST /news/v1/articles"]
        return receiver.trace(posts[0]) if posts else []

    def is_complete() -> bool:
        return {one.service for one in found()} == set(WAY) and len(roots(found())) == 1

    await arrived(is_complete, receiver)
    spans = found()
    tree = "\n".join(drawn(spans))
    (root,) = roots(spans)
    last = next(one for one in spans if one.service == "alert-signal")
    assert (root.service, root.parent_id) == ("gateway", calling_span), tree
    assert not calling_span or root.trace_id == recorded
    assert [service for service, _spans in groupby(one.service for one in way_to(last, spans))] == WAY, tree
    assert receiver.trace(unrecorded) == []
