"""Rows of an outbox as the relay claims them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Executable, Integer, Table, bindparam, func, or_, select

from common.postgres.rows import columns_for


class OutboxRow(NamedTuple):
    """A claimed row; `bytes_so_far` counts the payloads of the rows before it in the claim, and its own."""

    outbox_id: UUID
    payload: str
    traceparent: str
    request_id: str
    attempts: int
    created_at: datetime
    bytes_so_far: int


Rows = Sequence[OutboxRow]


def claim_of(table: Table, condition: ColumnElement[bool]) -> Executable:
    """Return the statement that locks due rows, the longest due first, and returns those that fit into `bytes`.

    Notes
    -----
    `octet_length` reads no row that PostgreSQL keeps apart for its length. Due rows, not old rows, come first: a row
    that has waited for its back-off takes its turn behind those that were due before.
    """
    order = (table.c.next_attempt_at, table.c.outbox_id)
    claimed = (
        select(table)
        .where(condition, table.c.next_attempt_at <= bindparam("now", type_=table.c.next_attempt_at.type))
        .order_by(*order)
        .limit(bindparam("items", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("claimed")
    )
    length = func.octet_length(claimed.c.payload)
    so_far = func.sum(length).over(order_by=(claimed.c.next_attempt_at, claimed.c.outbox_id))
    sized = select(claimed, length.label("own_bytes"), so_far.label("bytes_so_far")).subquery("sized")
    limit = bindparam("bytes", type_=BigInteger)
    return (
        select(*columns_for(OutboxRow, sized))
        # The first row goes whatever its length.
        .where(or_(sized.c.bytes_so_far <= limit, sized.c.bytes_so_far == sized.c.own_bytes))
        .order_by(sized.c.next_attempt_at, sized.c.outbox_id)
    )
