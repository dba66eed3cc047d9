"""The tables that every service has in its own database, declared on that service's own metadata."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel


def declare_base() -> type[SQLModel]:
    """Return a base class for SQLModel tables with a metadata of its own.

    Notes
    -----
    `SQLModel.metadata` is global: two services with a table `outbox` in one process would collide on it.
    """
    own = registry(metadata=MetaData(naming_convention=NAMING_CONVENTION))

    class Base(SQLModel, registry=own):
        """Base of one service's tables."""

        metadata = own.metadata

    return Base


def table_of(model: type[SQLModel]) -> Table:
    """Return the table that a class of a service's models stands for."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


# Any: what they return stands for a value of the field's own type, as pydantic's `Field` does.
def stored(
    kind: type[TypeEngine[Any]] | TypeEngine[Any],
    *parts: SchemaItem,
    nullable: bool = False,
    **options: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return a field of a table's class that is a column of type `kind`, with the parts and options of `Column`."""
    return Field(sa_column=Column(kind, *parts, nullable=nullable, **options))


def stored_moment(*, nullable: bool = False, **options: Any) -> Any:  # noqa: ANN401
    """Return a field of a table's class that is a moment with its time zone."""
    return stored(DateTime(timezone=True), nullable=nullable, **options)


NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True, slots=True)
class CommonTables:
    """The shared tables of one service."""

    outbox: Table
    dead_letter: Table
    event: Table
    idempotency_key: Table
    api_key: Table


def _moment(
    name: str, *, nullable: bool = False, index: bool = False, server_default: ColumnElement[datetime] | None = None
) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable, index=index, server_default=server_default)


def declare_tables(metadata: MetaData) -> CommonTables:
    """Declare the shared tables on `metadata` and return them."""
    return CommonTables(
        outbox=_outbox(metadata),
        dead_letter=Table(
            "dead_letter",
            metadata,
            Column("dead_letter_id", Uuid, primary_key=True),
            Column("payload", Text, nullable=False),
            Column("traceparent", Text, nullable=False),
            Column("request_id", Text, nullable=False),
            Column("problem", JSONB, nullable=False),
            Column("attempts", Integer, nullable=False),
            _moment("created_at"),
            _moment("failed_at"),
        ),
        event=_event(metadata),
        idempotency_key=Table(
            "idempotency_key",
            metadata,
            Column("key", Text, primary_key=True),
            Column("caller", Text, primary_key=True),
            Column("route", Text, primary_key=True),
            Column("body_hash", Text, nullable=False),
            Column("status", Integer, nullable=False),
            Column("headers", JSONB, nullable=False),
            Column("body", Text, nullable=False),
            _moment("created_at", index=True),
        ),
        api_key=Table(
            "api_key",
            metadata,
            Column("key_id", Text, primary_key=True),
            Column("name", Text, nullable=False),
            Column("secret_hash", Text, nullable=False),
            Column("scopes", JSONB, nullable=False),
            _moment("created_at"),
            _moment("expires_at", nullable=True),
            _moment("revoked_at", nullable=True),
        ),
    )


def _outbox(metadata: MetaData) -> Table:
    table = Table(
        "outbox",
        metadata,
        Column("outbox_id", Uuid, primary_key=True),
        # Text, not JSONB: the row is written once, read once and joined into the request body as it is.
        Column("payload", Text, nullable=False),
        Column("traceparent", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        _moment("created_at"),
        _moment("next_attempt_at"),
    )
    Index("ix_outbox_next_attempt_at_outbox_id", table.c.next_attempt_at, table.c.outbox_id)
    return table


def _event(metadata: MetaData) -> Table:
    """Return the event log; (`transaction`, `sequence`) is its durable order.

    Notes
    -----
    An identity column alone is no safe cursor: a transaction that took a smaller number may commit later than one
    with a larger number, and a reader would never see it. Readers stop at `pg_snapshot_xmin`, below which every
    transaction has ended, and go by (`transaction`, `sequence`).
    """
    return Table(
        "event",
        metadata,
        Column(
            "transaction",
            BigInteger,
            primary_key=True,
            server_default=func.pg_current_xact_id().cast(Text).cast(BigInteger),
        ),
        Column("sequence", BigInteger, Identity(always=True), primary_key=True),
        Column("name", Text, nullable=False),
        Column("data", Text, nullable=False),
        _moment("created_at", server_default=func.now(), index=True),
    )
