"""Assembles the news ingestion service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.application import ServiceDefinition
from common.gateway import NEWS_INGESTION
from common.handover.neighbour import Handover
from common.runtime import Runtime
from news_ingestion import models, repository
from news_ingestion.engine import Engine, open_engine
from news_ingestion.retention import prune_fetches, prune_fingerprints
from news_ingestion.routes import ROUTERS
from news_ingestion.settings import Settings
from news_ingestion.sources.fetching import fetch_due

_DESCRIPTION = """
Ingests articles, from feeds and NewsAPI on schedule or by `POST`, and cleans them. Decides which are **duplicates**,
syndicated copies or corrections, and explains why. Groups articles into **stories**, and hands new ones on to NLP.
"""
EVENTS = ("article.created", "article.revised", "article.retracted", "story.updated", "source.degraded")


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine and start the schedule."""
    async with open_engine(runtime) as engine:
        runtime.start_worker("prune-fingerprints", lambda: prune_fingerprints(engine), every_seconds=3_600.0)
        runtime.start_worker("prune-fetches", lambda: prune_fetches(engine), every_seconds=3_600.0)
        if engine.settings.fetch_enabled:
            runtime.start_worker("fetch", lambda: fetch_due(engine))
        yield engine


create_app = ServiceDefinition(
    service=NEWS_INGESTION,
    settings=Settings,
    tables=models.TABLES,
    routers=ROUTERS,
    description=_DESCRIPTION,
    handover=Handover("/nlp/v1/analyses", items="articles"),
    events=EVENTS,
    counts=repository.find_counts,
    lifespan=lifespan,
    sealed=models.SEALED,
).create_app
