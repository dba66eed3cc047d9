"""Prometheus metrics of one app, in a registry of its own."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_fastapi_instrumentator import Instrumentator

from common.postgres.database import Database

# In seconds. Canaries are held to 0.5, 1 and 2, the objective is 1; between two bounds Prometheus can only guess.
_DURATION_BOUNDS = (0.1, 0.25, 0.5, 1, 2, 5)


def install_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    """Measure every request of `app` and serve `/metrics`."""
    Instrumentator(
        excluded_handlers=["/metrics", "/health", "/ready"], should_group_status_codes=False, registry=registry
    ).instrument(app, latency_lowr_buckets=_DURATION_BOUNDS)

    @app.get("/metrics", include_in_schema=False)
    async def read_metrics() -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class PoolCollector(Collector):
    """Reads the connection pool when Prometheus asks, so that nothing is counted on the hot path."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Yield the number of connections in use, and how many there may be."""
        yield GaugeMetricFamily(
            "database_connection_pool_active",
            "Connections to PostgreSQL in use",
            value=float(self._database.connections_in_use()),
        )
        yield GaugeMetricFamily(
            "database_connection_pool_size",
            "Connections to PostgreSQL that the pool may have",
            value=float(self._database.connections_at_most()),
        )
