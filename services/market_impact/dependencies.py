"""Typed dependencies of this service's routes."""

from typing import Annotated

from fastapi import Depends, Request

from common.api.dependencies import engine_of
from market_impact.engine import Engine


async def get_engine(request: Request) -> Engine:
    """Return the engine of the app that serves this request."""
    return engine_of(request, Engine)


EngineDep = Annotated[Engine, Depends(get_engine)]
