"""Receivers and their secrets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, literal_column, or_, select, update
from sqlalchemy.exc import IntegrityError

from alerts.models import RECEIVER, TABLES
from common.api.pagination import PageRequest, keyset
from common.errors import Conflict
from common.postgres.database import Connection
from common.postgres.rows import all_rows, first_row

_SECRETS = frozenset({"secret", "previous_secret"})
# Reads never carry a secret, so that none can slip into a log or an answer.
_READABLE = tuple(column for column in RECEIVER.c if column.name not in _SECRETS)


async def insert_receiver(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Store a receiver and return its row; `Conflict` when another one has its name."""
    return await _written(connection, insert(RECEIVER).values(**values).returning(*_READABLE), values["name"])


async def update_receiver(connection: Connection, receiver_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Change a receiver and return its row; `Conflict` when another one has its name."""
    statement = (
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(**values, revision=RECEIVER.c.revision + 1)
        .returning(*_READABLE)
    )
    return await _written(connection, statement, values.get("name"))


async def _written(connection: Connection, statement: Any, name: Any) -> Row[Any]:
    try:
        async with connection.begin_nested():
            row: Row[Any] = (await connection.execute(statement)).one()
    except IntegrityError as error:
        raise Conflict(f"There is a receiver named {name!r} already.", code="name_taken") from error
    return row


async def rotate_secret(
    connection: Connection, receiver_id: UUID, secret: str, *, previous_expires_at: datetime, now: datetime
) -> None:
    """Make `secret` the receiver's secret; the one before signs too until `previous_expires_at`."""
    await connection.execute(
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(
            previous_secret=RECEIVER.c.secret,
            previous_secret_expires_at=previous_expires_at,
            secret=secret,
            revision=RECEIVER.c.revision + 1,
            updated_at=now,
        )
    )


async def find_receiver(connection: Connection, receiver_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """Return a receiver without its secrets; None when there is none."""
    statement = select(*_READABLE).where(RECEIVER.c.receiver_id == receiver_id, RECEIVER.c.deleted_at.is_(None))
    if for_update:
        statement = statement.with_for_update()
    return await first_row(connection, statement)


async def list_receivers(connection: Connection, page: PageRequest, *, kind: str | None) -> Sequence[Row[Any]]:
    """Return a page of receivers, the newest first."""
    statement = select(*_READABLE).where(RECEIVER.c.deleted_at.is_(None))
    if kind is not None:
        statement = statement.where(RECEIVER.c.kind == kind)
    return await all_rows(connection, keyset(statement, page, (RECEIVER.c.receiver_id,)))


async def named(connection: Connection, names: Sequence[str], ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return identifier and name of the receivers that any of `names` or `ids` names."""
    statement = select(RECEIVER.c.receiver_id, RECEIVER.c.name).where(
        RECEIVER.c.deleted_at.is_(None), or_(RECEIVER.c.name.in_(names), RECEIVER.c.receiver_id.in_(ids))
    )
    return await all_rows(connection, statement)


async def lock_revision(connection: Connection, receiver_id: UUID) -> int:
    """Return the revision of a receiver that was claimed for, which nobody changes until this transaction ends."""
    statement = select(RECEIVER.c.revision).where(RECEIVER.c.receiver_id == receiver_id)
    revision: int = (await connection.execute(statement.with_for_update(key_share=True))).scalar_one()
    return revision


async def throttle(connection: Connection, receiver_id: UUID, until: datetime) -> None:
    """Leave a receiver alone until a moment."""
    await connection.execute(
        update(RECEIVER).where(RECEIVER.c.receiver_id == receiver_id).values(throttled_until=until)
    )


async def note_delivered(connection: Connection, receiver_id: UUID, now: datetime) -> None:
    """Record that a receiver took something."""
    await connection.execute(
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(last_delivered_at=now, throttled_until=None)
    )


async def disable(connection: Connection, receiver_id: UUID, reason: str, now: datetime) -> bool:
    """Switch a receiver off and return whether it was on."""
    statement = (
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id, RECEIVER.c.enabled)
        .values(enabled=False, disabled_reason=reason, updated_at=now, revision=RECEIVER.c.revision + 1)
        .returning(RECEIVER.c.receiver_id)
    )
    return (await connection.execute(statement)).first() is not None


async def forget_shown_secrets(connection: Connection) -> None:
    """Put null for the secret into every stored answer that shows one."""
    answer = TABLES.idempotency_key.c
    without: ColumnElement[str] = literal_column("jsonb_set(body::jsonb, '{secret}', 'null')::text")
    await connection.execute(
        update(TABLES.idempotency_key).where(answer.body.contains('"secret":"whsec_')).values(body=without)
    )
