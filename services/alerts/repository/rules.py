"""Rules, and the count of their changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from alerts.column_values import WhenDocument
from alerts.matching.grouping import GroupLabel
from alerts.models import RULE, RULE_SET
from common.contracts import Severity
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_row, find_rows
from common.postgres.unique_names import write_named

_VERSION = text("SELECT version FROM rule_set")


class RuleRow(NamedTuple):
    """A stored rule."""

    rule_id: UUID
    name: str
    when: WhenDocument
    group_by: list[GroupLabel]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    cooldown_seconds: float
    window_seconds: int
    severity: Severity
    labels: dict[str, str]
    receivers: list[str]
    is_enabled: bool
    revision: int
    changed_in: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class RuleDefinition(NamedTuple):
    """The columns that a person sets, and when they were set."""

    name: str
    when: WhenDocument
    group_by: list[GroupLabel]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    cooldown_seconds: float
    window_seconds: int
    severity: Severity
    labels: dict[str, str]
    receivers: list[str]
    is_enabled: bool
    updated_at: datetime


_COLUMNS = columns_for(RuleRow, RULE)
_IS_THERE: ColumnElement[bool] = RULE.c.deleted_at.is_(None)


async def find_version(connection: Connection) -> int:
    """Return how often the rules have changed."""
    return await connection.scalar(_VERSION) or 0


async def insert_rule_set(connection: Connection) -> bool:
    """Return whether this database had no rule set yet; it has one then, and two replicas never both get True."""
    statement = insert_or_not(RULE_SET).values(rule_set_id=1, version=0).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def update_version(connection: Connection) -> int:
    """Return the new version of the rule set; changes in other transactions wait until this one has ended."""
    statement = update(RULE_SET).values(version=RULE_SET.c.version + 1).returning(RULE_SET.c.version)
    changed: int = (await connection.execute(statement)).scalar_one()
    return changed


async def list_changed_rules(connection: Connection, known_version: int) -> list[RuleRow]:
    """Return the rules, deleted ones too, that changed after `known_version`."""
    return await find_rows(connection, select(*_COLUMNS).where(RULE.c.changed_in > known_version), RuleRow)


async def insert_rule(connection: Connection, rule_id: UUID, definition: RuleDefinition) -> RuleRow:
    """Store a rule and return its row; `Conflict` when another one has its name."""
    statement = (
        insert(RULE)
        .values(
            **definition._asdict(),
            rule_id=rule_id,
            revision=1,
            changed_in=await update_version(connection),
            created_at=definition.updated_at,
        )
        .returning(*_COLUMNS)
    )
    return await write_named(connection, statement, RuleRow, kind="rule", name=definition.name)


async def update_rule(connection: Connection, rule_id: UUID, definition: RuleDefinition) -> RuleRow:
    """Change a rule and return its row; `Conflict` when another one has its name."""
    statement = (
        update(RULE)
        .where(RULE.c.rule_id == rule_id)
        .values(**definition._asdict(), changed_in=await update_version(connection), revision=RULE.c.revision + 1)
        .returning(*_COLUMNS)
    )
    return await write_named(connection, statement, RuleRow, kind="rule", name=definition.name)


async def delete_rule(connection: Connection, rule_id: UUID, now: datetime) -> None:
    """Mark a rule as deleted; the alerts it made keep it."""
    await connection.execute(
        update(RULE)
        .where(RULE.c.rule_id == rule_id)
        .values(deleted_at=now, changed_in=await update_version(connection))
    )


async def find_rule(connection: Connection, rule_id: UUID, *, for_update: bool = False) -> RuleRow | None:
    """Return a rule, locked until the transaction ends if it is to be changed; None when there is none."""
    statement = select(*_COLUMNS).where(_IS_THERE, RULE.c.rule_id == rule_id)
    if for_update:
        statement = statement.with_for_update()
    return await find_row(connection, statement, RuleRow)


async def list_rules(
    connection: Connection, page: PageRequest, *, enabled: bool | None, severity: str | None
) -> list[RuleRow]:
    """Return a page of rules, the newest first."""
    statement = select(*_COLUMNS).where(_IS_THERE)
    if enabled is not None:
        statement = statement.where(RULE.c.is_enabled == enabled)
    if severity is not None:
        statement = statement.where(RULE.c.severity == severity)
    return await find_rows(connection, keyset(statement, page, (RULE.c.rule_id,)), RuleRow)


async def list_rules_by_name(connection: Connection, rule_ids: Sequence[UUID] | None, *, limit: int) -> list[RuleRow]:
    """Return the rules with these identifiers (any when None), in the order of their names."""
    statement = select(*_COLUMNS).where(_IS_THERE).order_by(RULE.c.name).limit(limit)
    if rule_ids is not None:
        statement = statement.where(RULE.c.rule_id.in_(rule_ids))
    return await find_rows(connection, statement, RuleRow)


async def find_number_of_rules(connection: Connection, receiver_id: UUID) -> int:
    """Return how many rules notify a receiver."""
    statement = select(func.count()).select_from(RULE).where(_IS_THERE, RULE.c.receivers.contains([str(receiver_id)]))
    return await connection.scalar(statement) or 0
