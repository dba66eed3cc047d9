"""Rules, and the count of their changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.exc import IntegrityError

from alerts.models import RULE, RULE_SET
from common.api.pagination import PageRequest, keyset
from common.errors import Conflict
from common.postgres.database import Connection
from common.postgres.rows import all_rows, first_row

_VERSION = text("SELECT version FROM rule_set")


async def version(connection: Connection) -> int:
    """Return how often the rules have changed."""
    return await connection.scalar(_VERSION) or 0


async def begin_rule_set(connection: Connection) -> bool:
    """Return whether this database had no rule set yet; it has one then, and two replicas never both get True."""
    statement = insert_or_not(RULE_SET).values(rule_set_id=1, version=0).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(RULE_SET.c.version))).first() is not None


async def count_change(connection: Connection) -> int:
    """Return the new version of the rule set; changes in other transactions wait until this one has ended."""
    statement = update(RULE_SET).values(version=RULE_SET.c.version + 1).returning(RULE_SET.c.version)
    changed: int = (await connection.execute(statement)).scalar_one()
    return changed


async def changed_since(connection: Connection, known_version: int) -> Sequence[Row[Any]]:
    """Return the rules, deleted ones too, that changed after `known_version`."""
    return await all_rows(connection, select(RULE).where(RULE.c.changed_in > known_version))


async def insert_rule(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Store a rule and return its row; `Conflict` when another one has its name."""
    statement = insert(RULE).values(**values, changed_in=await count_change(connection)).returning(RULE)
    return await _written(connection, statement, values["name"])


async def update_rule(connection: Connection, rule_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Change a rule and return its row; `Conflict` when another one has its name."""
    statement = (
        update(RULE)
        .where(RULE.c.rule_id == rule_id)
        .values(**values, changed_in=await count_change(connection), revision=RULE.c.revision + 1)
        .returning(RULE)
    )
    return await _written(connection, statement, values.get("name"))


async def _written(connection: Connection, statement: Any, name: Any) -> Row[Any]:
    try:
        async with connection.begin_nested():
            row: Row[Any] = (await connection.execute(statement)).one()
    except IntegrityError as error:
        raise Conflict(f"There is a rule named {name!r} already.", code="name_taken") from error
    return row


async def delete_rule(connection: Connection, rule_id: UUID, now: datetime) -> None:
    """Mark a rule as deleted; the alerts it made keep it."""
    await connection.execute(
        update(RULE).where(RULE.c.rule_id == rule_id).values(deleted_at=now, changed_in=await count_change(connection))
    )


def _current() -> Select[Any]:
    return select(RULE).where(RULE.c.deleted_at.is_(None))


async def find_rule(connection: Connection, rule_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """Return a rule, locked until the transaction ends if it is to be changed; None when there is none."""
    statement = _current().where(RULE.c.rule_id == rule_id)
    if for_update:
        statement = statement.with_for_update()
    return await first_row(connection, statement)


async def list_rules(
    connection: Connection, page: PageRequest, *, enabled: bool | None, severity: str | None
) -> Sequence[Row[Any]]:
    """Return a page of rules, the newest first."""
    statement = _current()
    if enabled is not None:
        statement = statement.where(RULE.c.enabled == enabled)
    if severity is not None:
        statement = statement.where(RULE.c.severity == severity)
    return await all_rows(connection, keyset(statement, page, (RULE.c.rule_id,)))


async def rules_to_explain(
    connection: Connection, rule_ids: Sequence[UUID] | None, *, limit: int
) -> Sequence[Row[Any]]:
    """Return the rules named, or the first by name."""
    statement = _current().order_by(RULE.c.name).limit(limit)
    if rule_ids is not None:
        statement = statement.where(RULE.c.rule_id.in_(rule_ids))
    return await all_rows(connection, statement)


async def rules_using(connection: Connection, receiver_id: UUID) -> int:
    """Return how many rules notify a receiver."""
    statement = (
        select(func.count())
        .select_from(RULE)
        .where(RULE.c.deleted_at.is_(None), RULE.c.receivers.contains([str(receiver_id)]))
    )
    return await connection.scalar(statement) or 0
