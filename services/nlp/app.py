"""Assembles the NLP service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.application import ServiceDefinition
from common.gateway import NLP
from common.handover.neighbour import Handover
from common.runtime import Runtime
from nlp import models, repository
from nlp.aliasing import refresh_aliases
from nlp.engine import Engine, open_engine
from nlp.routes import ROUTERS
from nlp.settings import Settings

_DESCRIPTION = """
Analyses articles: **language**, **entities** linked to tickers, **sentiment** of the text and toward each company with
the evidence for it, **topics** and **event types**. Every model has a card with its training data and its measured
scores. Some training data are non-commercial; `GET /models` says which. Texts that are not in English are marked and
not scored.
"""


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine and keep the users' aliases fresh."""
    async with open_engine(runtime) as engine:
        seconds = engine.settings.nlp_alias_refresh_seconds
        runtime.start_worker("refresh-aliases", lambda: refresh_aliases(engine), every_seconds=seconds, on_trial=True)
        yield engine


create_app = ServiceDefinition(
    service=NLP,
    settings=Settings,
    tables=models.TABLES,
    routers=ROUTERS,
    description=_DESCRIPTION,
    handover=Handover("/impact/v1/impacts", items="analyses"),
    counts=repository.find_counts,
    lifespan=lifespan,
).create_app
