"""Assembles the news ingestion service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from common.application import ServiceDefinition, create_service
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import NEWS_INGESTION
from common.handover.outbox import Handover
from common.runtime import Runtime
from news_ingestion import models, repository
from news_ingestion.engine import Engine, open_engine
from news_ingestion.ingestion import forget_old_texts
from news_ingestion.routes import ROUTERS
from news_ingestion.settings import Settings
from news_ingestion.sources.fetching import fetch_due
from news_ingestion.sources.retention import forget_old_fetches

EVENTS = ("article.created", "article.revised", "article.retracted", "story.updated", "source.degraded")
_DESCRIPTION = """
Ingests articles, from feeds and NewsAPI on schedule or by `POST`, and cleans them. Decides which are **duplicates**,
syndicated copies or corrections, and explains why. Groups articles into **stories**, and hands new ones on to NLP.
"""


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine and start the schedule."""
    async with open_engine(runtime) as engine:
        runtime.start_worker("forget-old-texts", lambda: forget_old_texts(engine), every_seconds=3_600.0)
        runtime.start_worker("forget-old-fetches", lambda: forget_old_fetches(engine), every_seconds=3_600.0)
        if engine.settings.fetch_enabled:
            runtime.start_worker("fetch", lambda: fetch_due(engine))
        yield engine


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
        counts=repository.find_counts,
        lifespan=lifespan,
        sealed=models.SEALED,
    )
    return create_service(definition, settings or Settings(), transport=transport, clock=clock)
