"""The engine as routes ask for it."""

from typing import Annotated, cast

from fastapi import Depends

from common.api.dependencies import RuntimeDep
from nlp.engine import Engine


async def get_engine(runtime: RuntimeDep) -> Engine:
    """Return the engine of the app that serves this request."""
    return cast("Engine", runtime.state.engine)


EngineDep = Annotated[Engine, Depends(get_engine)]
