"""Typed dependencies of routes: the runtime, a connection, the clock, a point in time."""

from collections.abc import AsyncIterator
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Query, Request

from common.contracts.timestamps import Moment
from common.postgres.database import Connection, Transaction
from common.runtime import Runtime

EngineT = TypeVar("EngineT")

# Dependencies are `async def` throughout: FastAPI runs a plain function in a thread, and a page had twelve.


def runtime_of(request: Request) -> Runtime:
    """Return the runtime of the app that serves this request."""
    return cast("Runtime", request.app.state.runtime)


async def get_runtime(request: Request) -> Runtime:
    """Return the runtime of the app that serves this request."""
    return runtime_of(request)


def engine_of(request: Request, kind: type[EngineT]) -> EngineT:
    """Return the engine of the app that serves this request, which is of the service's own class."""
    engine = request.app.state.engine
    if not isinstance(engine, kind):
        raise TypeError(f"the engine is {type(engine).__name__}, not {kind.__name__}")
    return engine


RuntimeDep = Annotated[Runtime, Depends(get_runtime)]


async def get_transaction(request: Request, runtime: RuntimeDep) -> Transaction:
    """Return what opens the request's transaction, for routes that wait or compute before they write.

    Notes
    -----
    Whoever waits for anything but PostgreSQL, or computes for long, does so before: the others want the connection.
    """
    # An Idempotency-Key is being honoured: the stored answer commits together with what the route writes.
    shared: Transaction | None = getattr(request.state, "transaction", None)
    return shared or runtime.database.transaction


TransactionDep = Annotated[Transaction, Depends(get_transaction)]


async def get_connection(transaction: TransactionDep) -> AsyncIterator[Connection]:
    """Yield the request's transaction; it commits before the answer leaves, so a failed commit is a failed request."""
    async with transaction() as connection:
        yield connection


async def get_read_connection(runtime: RuntimeDep) -> AsyncIterator[Connection]:
    """Yield a connection for reading, without a transaction around it."""
    async with runtime.database.reading() as connection:
        yield connection


ConnectionDep = Annotated[Connection, Depends(get_connection, scope="function")]
ReadConnectionDep = Annotated[Connection, Depends(get_read_connection, scope="function")]
AsOf = Annotated[
    Moment | None,
    Query(description="Point in time (RFC 3339): answer with what could be read then; now when absent."),
]
