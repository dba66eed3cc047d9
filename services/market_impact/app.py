"""Assembles the market impact service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.application import ServiceDefinition
from common.gateway import MARKET_IMPACT
from common.handover.neighbour import Handover
from common.runtime import Runtime
from market_impact import models, repository
from market_impact.engine import Engine, open_engine
from market_impact.impacts.outcome_recording import record_outcomes
from market_impact.retention import prune_studies
from market_impact.routes import ROUTERS
from market_impact.settings import Settings

EVENTS = ("impact.scored", "impact.outcome")
_DESCRIPTION = """
What a piece of news does to a security: an expected abnormal return with an interval, a probability and a baseline,
based on what the market did after earlier news of the same kind.

- `basis` **reaction** counts from the last close before the session that the news belongs to, **after** from the first
  open after the news: what the market did because of it, and what was left to act on. They are never mixed.
- News after the close (16:00 New York), at a weekend or on a holiday belongs to the next session.
- Nothing later than the news enters its estimate. Where evidence is missing the estimate abstains and says why.
- **Event studies** of your own events and returns: market model and others, ten tests, and warnings about the tests.
"""


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine and start the worker that records outcomes."""
    async with open_engine(runtime) as engine:
        seconds = engine.settings.outcome_interval_seconds
        runtime.start_worker("outcomes", lambda: record_outcomes(engine), every_seconds=seconds)
        runtime.start_worker("prune-studies", lambda: prune_studies(engine), every_seconds=3_600.0)
        yield engine


create_app = ServiceDefinition(
    service=MARKET_IMPACT,
    settings=Settings,
    tables=models.TABLES,
    routers=ROUTERS,
    description=_DESCRIPTION,
    handover=Handover("/alerts/v1/signals", items="impacts"),
    events=EVENTS,
    counts=repository.find_counts,
    lifespan=lifespan,
).create_app
