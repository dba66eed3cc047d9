"""Prometheus metrics of news ingestion."""

from collections import Counter as Counted
from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from news_ingestion.deduplication.decisions import Status


class IngestionMetrics:
    """Counters and histograms of articles taken in and of sources fetched."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.processed = Counter(
            "news_articles_processed_total", "Articles taken in, by what became of them", ["status"], registry=registry
        )
        self.batch_seconds = Histogram(
            "news_ingestion_batch_seconds", "Time to decide on and store one batch", registry=registry
        )
        self.fetches = Counter(
            "news_fetches_total", "Runs of sources, by kind and outcome", ["kind", "status"], registry=registry
        )
        self.requests = Counter(
            "news_fetch_requests_total", "Requests to providers, by kind of source", ["kind"], registry=registry
        )
        for status in get_args(Status):
            self.processed.labels(status)

    def count_articles(self, statuses: Iterable[Status]) -> None:
        """Count what became of the articles of a batch."""
        for status, number in Counted(statuses).items():
            self.processed.labels(status).inc(number)

    def count_fetch(self, kind: str, status: str, n_requests: int) -> None:
        """Count one run of a source of this kind, and its requests."""
        self.fetches.labels(kind, status).inc()
        self.requests.labels(kind).inc(n_requests)
