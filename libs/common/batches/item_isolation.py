"""Isolates the items of a batch: a failing item is refused with the exception it raised, and the rest go through.

A batch is worked on as a whole. Only when that raises is it halved, until the items to blame stand alone; each part is
a transaction of its own. An item is blamed when it fails alone, twice. What is no item's doing (PostgreSQL is away, the
disk is full, a program fault in what all items share) fails the request instead, so that it is tried again.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from asyncpg.exceptions import PostgresError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from common.contracts.batch import BatchResult, ItemError, ItemResult
from common.errors import ItemFault, ServiceError, Unavailable
from common.postgres.database import Connection, Transaction
from common.postgres.faults import database_fault
from common.runtime import Runtime
from common.telemetry.request_context import current_context

logger = structlog.get_logger(__name__)

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


def is_items_fault(error: Exception) -> bool:
    """Return whether an item that fails alone with `error` is to blame for it, so that trying it again is no use."""
    if isinstance(error, (DBAPIError, PostgresError)):
        return database_fault(error) in {"invalid_value", "too_complex", "conflict"}
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, StatementError)
    return not isinstance(error, (ServiceError, OSError, MemoryError))


def failure_of(error: Exception) -> ItemError:
    """Return what an item is refused with: the class of what was raised and the request, nothing of the inside.

    Notes
    -----
    An `ItemFault` says itself what its sender is told.
    """
    if isinstance(error, ItemFault):
        return ItemError(code=error.code, detail=str(error))
    kind, request_id = _kind(error), current_context().request_id
    return ItemError(
        code="internal_error",
        detail=f"{kind} was raised while this item was processed; it is logged under {request_id}.",
        exception=kind,
        request_id=request_id,
    )


def _kind(error: Exception) -> str:
    """Return the class of what was raised, the driver's where SQLAlchemy only wraps it."""
    wrapped = getattr(error.orig, "__cause__", None) if isinstance(error, StatementError) else None
    return type(wrapped or error).__name__


@contextmanager
def shared_by_items(what: str) -> Iterator[None]:
    """Let a failure in what all items share fail the request, since no item is to blame for it.

    Raises
    ------
    Unavailable
        Something failed for which an item would be blamed elsewhere.
    """
    try:
        yield
    except Exception as error:
        if not is_items_fault(error):
            raise
        logger.exception("shared_step_failed", what=what)
        raise Unavailable(f"{what} cannot be read at the moment; the log says why.") from error


@dataclass(frozen=True, slots=True)
class Isolated(Generic[ItemT, AnswerT]):
    """Work on batches in which one item's failure is its own.

    Parameters
    ----------
    work : answers a batch, one answer per item in their order; it changes nothing when it raises
    refuse : makes the answer to an item that fails
    """

    runtime: Runtime
    work: Callable[[Sequence[ItemT]], Awaitable[Sequence[AnswerT]]]
    refuse: Callable[[ItemT, ItemError], AnswerT]

    async def answer(self, items: Sequence[ItemT]) -> Sequence[AnswerT]:
        """Return the answer to each item, in their order."""
        try:
            return await self.work(items)
        except Exception as error:
            if not is_items_fault(error):
                raise
            why = str(error) if isinstance(error, ItemFault) else None
            logger.warning("batch_is_divided", items=len(items), error=type(error).__name__, why=why)
        # A single item is tried once more, by itself, before it is blamed.
        middle = max(1, len(items) // 2)
        return [*await self._answer_part(items[:middle]), *await self._answer_part(items[middle:])]

    async def _answer_part(self, items: Sequence[ItemT]) -> Sequence[AnswerT]:
        if not items:
            return []
        try:
            return await self.work(items)
        except Exception as error:
            if not is_items_fault(error):
                raise
            if len(items) == 1:
                logger.exception("item_failed")
                self.runtime.failed_items.labels(_kind(error)).inc()
                return [self.refuse(items[0], failure_of(error))]
        middle = len(items) // 2
        return [*await self._answer_part(items[:middle]), *await self._answer_part(items[middle:])]


async def answer_handover(
    runtime: Runtime, items: Sequence[ItemT], work: Callable[[Connection, Sequence[ItemT]], Awaitable[BatchResult]]
) -> BatchResult:
    """Return the answers to a hand-over between services; `work` writes a batch, in the transaction it is given."""

    async def written(transaction: Transaction, part: Sequence[ItemT]) -> BatchResult:
        async with transaction() as connection:
            return await work(connection, part)

    return await answer_computed_handover(runtime, items, written)


async def answer_computed_handover(
    runtime: Runtime, items: Sequence[ItemT], work: Callable[[Transaction, Sequence[ItemT]], Awaitable[BatchResult]]
) -> BatchResult:
    """Return the answers to a hand-over between services; `work` opens its transaction when it has computed."""

    async def written(part: Sequence[ItemT]) -> Sequence[ItemResult]:
        return (await work(runtime.database.transaction, part)).data

    def refused(_item: ItemT, error: ItemError) -> ItemResult:
        return ItemResult(index=0, status="rejected", error=error)

    answers = await Isolated(runtime, written, refused).answer(items)
    for index, answer in enumerate(answers):
        answer.index = index
    return BatchResult(data=list(answers))
