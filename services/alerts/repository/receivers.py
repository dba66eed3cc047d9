"""Receivers and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, insert, literal_column, or_, select, update

from alerts.models import RECEIVER, SEALED, TABLES
from common.contracts.json import JSONObject
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_row, find_rows
from common.postgres.unique_names import write_named


class ReceiverRow(NamedTuple):
    """A stored receiver; `url` and `config_secrets` are sealed.

    Notes
    -----
    The secrets that sign are not among its columns, so that none can slip into a log or an answer.
    """

    receiver_id: UUID
    name: str
    kind: str
    url: str | None
    config: JSONObject
    config_secrets: str | None
    is_enabled: bool
    disabled_reason: str | None
    previous_secret_expires_at: datetime | None
    throttled_until: datetime | None
    last_delivered_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class NewReceiver(NamedTuple):
    """A receiver to be stored; `url`, `config_secrets` and `secret` are sealed."""

    url: str | None
    config: JSONObject
    config_secrets: str | None
    receiver_id: UUID
    name: str
    kind: str
    secret: str | None
    is_enabled: bool
    created_at: datetime


class ReceiverChange(NamedTuple):
    """The columns that a person changes; `url` and `config_secrets` are sealed."""

    url: str | None
    config: JSONObject
    config_secrets: str | None
    name: str
    is_enabled: bool
    updated_at: datetime


class ReceiverName(NamedTuple):
    """Identifier and name of a receiver."""

    receiver_id: UUID
    name: str


_COLUMNS = columns_for(ReceiverRow, RECEIVER)
# What a deleted receiver keeps of its configuration is no secret.
_NO_SECRETS: Final = dict.fromkeys(column.name for column in SEALED)
_IS_THERE: ColumnElement[bool] = RECEIVER.c.deleted_at.is_(None)


async def insert_receiver(connection: Connection, receiver: NewReceiver) -> ReceiverRow:
    """Store a receiver and return its row; `Conflict` when another one has its name."""
    statement = (
        insert(RECEIVER).values(**receiver._asdict(), revision=1, updated_at=receiver.created_at).returning(*_COLUMNS)
    )
    return await write_named(connection, statement, ReceiverRow, kind="receiver", name=receiver.name)


async def update_receiver(connection: Connection, receiver_id: UUID, change: ReceiverChange) -> ReceiverRow:
    """Change a receiver, which forgets why it was off when it is on; `Conflict` when another one has its name."""
    forgotten = {"disabled_reason": None, "throttled_until": None} if change.is_enabled else {}
    statement = (
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(**change._asdict(), **forgotten, revision=RECEIVER.c.revision + 1)
        .returning(*_COLUMNS)
    )
    return await write_named(connection, statement, ReceiverRow, kind="receiver", name=change.name)


async def delete_receiver(connection: Connection, receiver_id: UUID, now: datetime) -> None:
    """Mark a receiver as deleted and forget its secrets; what it was sent keeps it."""
    await connection.execute(
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(
            deleted_at=now,
            is_enabled=False,
            **_NO_SECRETS,
            updated_at=now,
            revision=RECEIVER.c.revision + 1,
        )
    )


async def update_secret(
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


async def find_receiver(connection: Connection, receiver_id: UUID, *, for_update: bool = False) -> ReceiverRow | None:
    """Return a receiver without its secrets; None when there is none."""
    statement = select(*_COLUMNS).where(RECEIVER.c.receiver_id == receiver_id, _IS_THERE)
    if for_update:
        statement = statement.with_for_update()
    return await find_row(connection, statement, ReceiverRow)


async def list_receivers(connection: Connection, page: PageRequest, *, kind: str | None) -> list[ReceiverRow]:
    """Return a page of receivers, the newest first."""
    statement = select(*_COLUMNS).where(_IS_THERE)
    if kind is not None:
        statement = statement.where(RECEIVER.c.kind == kind)
    return await find_rows(connection, keyset(statement, page, (RECEIVER.c.receiver_id,)), ReceiverRow)


async def list_receiver_names(connection: Connection, names: Sequence[str], ids: Sequence[UUID]) -> list[ReceiverName]:
    """Return identifier and name of the receivers that any of `names` or `ids` names."""
    statement = select(RECEIVER.c.receiver_id, RECEIVER.c.name).where(
        _IS_THERE, or_(RECEIVER.c.name.in_(names), RECEIVER.c.receiver_id.in_(ids))
    )
    return await find_rows(connection, statement, ReceiverName)


async def claim_revision(connection: Connection, receiver_id: UUID) -> int:
    """Return the revision of a receiver that was claimed for, which nobody changes until this transaction ends."""
    statement = select(RECEIVER.c.revision).where(RECEIVER.c.receiver_id == receiver_id)
    revision: int = (await connection.execute(statement.with_for_update(key_share=True))).scalar_one()
    return revision


async def update_throttled(connection: Connection, receiver_id: UUID, until: datetime) -> None:
    """Leave a receiver alone until a moment."""
    await connection.execute(
        update(RECEIVER).where(RECEIVER.c.receiver_id == receiver_id).values(throttled_until=until)
    )


async def update_delivered(connection: Connection, receiver_id: UUID, now: datetime) -> None:
    """Record that a receiver took something."""
    await connection.execute(
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id)
        .values(last_delivered_at=now, throttled_until=None)
    )


async def update_disabled(connection: Connection, receiver_id: UUID, reason: str, now: datetime) -> bool:
    """Switch a receiver off and return whether it was on."""
    statement = (
        update(RECEIVER)
        .where(RECEIVER.c.receiver_id == receiver_id, RECEIVER.c.is_enabled)
        .values(is_enabled=False, disabled_reason=reason, updated_at=now, revision=RECEIVER.c.revision + 1)
    )
    return (await connection.execute(statement)).rowcount == 1


async def delete_secrets_of_deleted(connection: Connection) -> None:
    """Forget the secrets that receivers which the previous release deleted still have."""
    is_held = or_(*(column.is_not(None) for column in SEALED))
    await connection.execute(update(RECEIVER).where(RECEIVER.c.deleted_at.is_not(None), is_held).values(**_NO_SECRETS))


async def delete_shown_secrets(connection: Connection) -> None:
    """Put null for the secret into every stored answer that shows one."""
    answer = TABLES.idempotency_key.c
    without: ColumnElement[str] = literal_column("jsonb_set(body::jsonb, '{secret}', 'null')::text")
    await connection.execute(
        update(TABLES.idempotency_key).where(answer.body.contains('"secret":"whsec_')).values(body=without)
    )
