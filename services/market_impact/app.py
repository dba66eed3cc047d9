"""The market impact service: price bars and analyses in, estimates of abnormal returns out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from common.application import ServiceDefinition, create_service
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import MARKET_IMPACT
from common.handover.outbox import Handover
from common.runtime import Runtime
from market_impact import models, repository, routes
from market_impact.engine import Engine, open_engine
from market_impact.event_studies.answering import forget_old_studies
from market_impact.impacts.outcome_recording import record_outcomes
from market_impact.settings import Settings

DESCRIPTION = """
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
    engine = await open_engine(runtime)
    runtime.start_worker(
        "outcomes", lambda: record_outcomes(engine), every_seconds=engine.settings.outcome_interval_seconds
    )
    runtime.start_worker("forget-old-studies", lambda: forget_old_studies(engine), every_seconds=3_600.0)
    yield engine


def create_app(
    settings: Settings | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> FastAPI:
    """Return the market impact service, ready to be served; nothing is connected until its lifespan starts.

    Parameters
    ----------
    transport : replaces the network for calls to other services.
    clock : tells the time; tests and replays set it.
    """
    definition = ServiceDefinition(
        service=MARKET_IMPACT,
        tables=models.TABLES,
        routers=routes.ROUTERS,
        description=DESCRIPTION,
        handover=Handover("/alerts/v1/signals", items="impacts"),
        events=("impact.scored", "impact.outcome"),
        counts=repository.find_counts,
        lifespan=lifespan,
    )
    return create_service(definition, settings or Settings(), transport=transport, clock=clock)
