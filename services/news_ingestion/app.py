"""The news ingestion service, put together."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
from fastapi import FastAPI

from common.application import ServiceDefinition, create_service
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import NEWS_INGESTION
from common.handover.outbox import Handover
from common.outgoing.address_guard import AddressGuard, guarded_client
from common.runtime import Runtime
from news_ingestion import models, repository
from news_ingestion.ingestion import IngestionMetrics, forget_old_texts
from news_ingestion.providers.provider_client import Fetcher
from news_ingestion.providers.registry import adapters
from news_ingestion.providers.rss.reader import FeedReader
from news_ingestion.routes import ROUTERS
from news_ingestion.settings import Settings
from news_ingestion.sources.fetching import FetchMetrics, fetch_due
from news_ingestion.sources.retention import forget_old_fetches

EVENTS = ("article.created", "article.revised", "article.retracted", "story.updated", "source.degraded")
_DESCRIPTION = """
Takes articles in, from feeds and NewsAPI on schedule or by `POST`, cleans them, decides what is a **duplicate**, a
syndicated copy or a correction (and explains it), groups them into **stories**, and hands what is new on to NLP.
"""


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[None]:
    """Open the client towards providers and start the schedule."""
    settings = runtime.settings_as(Settings)
    runtime.state.ingestion_metrics = IngestionMetrics(runtime.registry)
    runtime.state.fetch_metrics = FetchMetrics(runtime.registry)
    feed_reader = FeedReader(settings.fetch_max_processor_seconds)
    runtime.state.adapters = adapters(settings, feed_reader)
    runtime.state.address_guard = AddressGuard(allow_private=settings.fetch_allow_private_addresses)
    client = guarded_client(
        runtime.state.address_guard,
        timeout_seconds=settings.fetch_timeout_seconds,
        headers={"User-Agent": settings.fetch_user_agent},
    )
    runtime.state.fetcher = fetcher(settings, client)
    runtime.start_worker("forget-old-texts", lambda: forget_old_texts(runtime), every_seconds=3_600.0)
    runtime.start_worker("forget-old-fetches", lambda: forget_old_fetches(runtime), every_seconds=3_600.0)
    if settings.fetch_enabled:
        runtime.start_worker("fetch", lambda: fetch_due(runtime))
    async with client, aclosing(feed_reader):
        yield


def fetcher(settings: Settings, client: httpx.AsyncClient) -> Fetcher:
    """Return what asks providers over `client` within the limits that are set."""
    return Fetcher(
        client,
        max_bytes=settings.fetch_max_bytes,
        max_redirects=settings.fetch_max_redirects,
        per_host=settings.fetch_per_host,
        timeout_seconds=settings.fetch_timeout_seconds,
    )


def create_app(
    settings: Settings | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> FastAPI:
    """Return the news ingestion service, ready to be served; nothing is connected until its lifespan starts."""
    definition = ServiceDefinition(
        service=NEWS_INGESTION,
        tables=models.TABLES,
        routers=ROUTERS,
        description=_DESCRIPTION,
        handover=Handover("/nlp/v1/analyses", items="articles"),
        events=EVENTS,
        counts=repository.counts,
        lifespan=lifespan,
        sealed=models.SEALED,
    )
    return create_service(definition, settings or Settings(), transport=transport, clock=clock)
