"""Routes of the single process itself: probes, the metrics of all four services, and a front page."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from common.api.answer_headers import content_security_policy, source_of
from common.api.middleware import RequestMiddleware
from common.api.problem_responses import install_problem_handlers, problem_response
from common.gateway import Service


class LabelledCollector(Collector):
    """Reads several registries as one, with a label `service` that tells their samples apart."""

    def __init__(self, registries: dict[str, CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Yield each metric family once, with the samples of every registry that has it."""
        families: dict[str, Metric] = {}
        samples: dict[str, list[Sample]] = defaultdict(list)
        for service, registry in self._registries.items():
            for family in registry.collect():
                families.setdefault(family.name, family)
                samples[family.name] += [
                    sample._replace(labels={"service": service, **sample.labels}) for sample in family.samples
                ]
        for name, family in families.items():
            merged = Metric(name, family.documentation, family.type, family.unit)
            merged.samples = samples[name]
            yield merged


def front_app(
    apps: Sequence[FastAPI], lifespan: Lifespan[Starlette], registry: CollectorRegistry, max_body_bytes: int
) -> FastAPI:
    """Return the app for every path that belongs to no service; its `/metrics` adds those of `apps` to `registry`."""
    services: list[Service] = [app.state.service for app in apps]
    registry.register(
        LabelledCollector({app.state.service.kubernetes_name: app.state.registry for app in apps}),
    )

    async def read_health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "services": [service.kubernetes_name for service in services]})

    async def read_readiness(_request: Request) -> Response:
        answers = {app.state.service.kubernetes_name: await _readiness(app) for app in apps}
        unready = [f"{name}: {answer['detail']}" for name, answer in answers.items() if "detail" in answer]
        if unready:
            return problem_response(503, "not_ready", "; ".join(unready), "/ready", headers={"Retry-After": "1"})
        return JSONResponse({"status": "ready", "services": answers})

    async def read_metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def read_front_page(_request: Request) -> Response:
        return HTMLResponse(_front_page(apps), headers={"Content-Security-Policy": _POLICY})

    routes: list[BaseRoute] = [
        Route("/", read_front_page),
        Route("/health", read_health),
        Route("/ready", read_readiness),
        Route("/metrics", read_metrics),
    ]
    app = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=lifespan, routes=routes)
    install_problem_handlers(app)
    app.add_middleware(RequestMiddleware, tracing=None, max_body_bytes=max_body_bytes)
    return app


async def _readiness(app: FastAPI) -> dict[str, object]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://standalone") as client:
        answer: dict[str, object] = (await client.get("/ready")).json()
    return answer


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.5rem } a { color: #0550ae } td, th { padding: .35rem 1rem .35rem 0; text-align: left }
code { background: #f3f4f6; padding: .1rem .3rem; border-radius: .2rem } img { width: 100%; height: auto }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } a { color: #79b8ff }
code { background: #21262d } img { background: #fff } }
"""


_POLICY = content_security_policy(style_src=source_of(_STYLE))


def _row(service: Service, paths: dict[str, object]) -> str:
    stream = f"{service.base_path}/stream"
    return (
        f"<tr><td>{escape(service.title)}</td><td><a href='{service.prefix}/docs'>Swagger UI</a></td>"
        f"<td><a href='{service.prefix}/openapi.json'>OpenAPI</a></td>"
        f"<td><a href='{service.base_path}/counts'>counts</a></td>"
        f"<td>{f'<code>curl -N …{stream}</code>' if stream in paths else ''}</td></tr>"
    )


def _front_page(apps: Sequence[FastAPI]) -> str:
    rows = "".join(_row(app.state.service, app.openapi()["paths"]) for app in apps)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Market Impact Analysis System</title><style>{_STYLE}</style>"
        "<h1>Market Impact Analysis System</h1>"
        "<p>A headline goes in; a scored, explained estimate of its effect on a security comes out.</p>"
        f"<table>{rows}</table>"
        "<p><a href='/news/v1/articles'>articles</a> · <a href='/nlp/v1/analyses'>analyses</a> · "
        "<a href='/impact/v1/impacts'>impacts</a> · <a href='/alerts/v1/alerts'>alerts</a> · "
        "<a href='/metrics'>metrics</a> · <a href='/ready'>readiness</a></p></html>"
    )
