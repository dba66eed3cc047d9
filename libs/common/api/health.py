"""Liveness and readiness: `/health` says that the process runs, `/ready` that it can do its work."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text

from common.api.dependencies import RuntimeDep
from common.api.problem_responses import problem_response
from common.postgres.migrations import pending_revision
from common.runtime import Runtime


class Health(BaseModel):
    """The answer of a process that lives."""

    status: Literal["ok"] = "ok"
    service: str
    version: str


class Readiness(BaseModel):
    """The answer of a service that can do its work."""

    status: Literal["ready"] = "ready"
    service: str
    checks: dict[str, str]


async def check_database(runtime: Runtime) -> None:
    """Raise when PostgreSQL does not answer, is read-only, or its schema is not the one this code was written for."""
    async with runtime.database.reading() as connection:
        # Also `on` at a standby, whatever is configured.
        if await connection.scalar(text("SHOW transaction_read_only")) != "off":
            raise RuntimeError("PostgreSQL is read-only; the service writes to a primary")
        missing = await pending_revision(connection, runtime.settings.service)
    if missing is not None:
        raise RuntimeError(f"the schema lacks revision {missing}; run `mia migrate {runtime.settings.service.name}`")


def health_router(service: str, version: str) -> APIRouter:
    """Return the two routes that probes ask; they are not part of the API and need no key."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health")
    async def read_health() -> Health:
        return Health(service=service, version=version)

    @router.get("/ready")
    async def read_readiness(runtime: RuntimeDep) -> JSONResponse:
        try:
            await check_database(runtime)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the answer
            wrong = f"database: {f'{type(error).__name__}: {error}'[:300]}"
            return problem_response(503, "not_ready", wrong, "/ready", headers={"Retry-After": "1"})
        return JSONResponse(Readiness(service=service, checks={"database": "ok"}).model_dump())

    return router
