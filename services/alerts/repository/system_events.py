"""Events of the platform and the alerts they make."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from alerts.built_in import DEFAULT_RECEIVER_NAME, SYSTEM_RULE_ID, SYSTEM_RULE_NAME
from alerts.models import ALERT, RULE, SYSTEM_EVENT
from alerts.repository import receivers, rules
from alerts.repository.alerts import AlertRow
from alerts.repository.rules import RuleRow
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_joined_rows, find_one_row


class NewSystemEvent(NamedTuple):
    """An event of the platform as it came in, to be stored."""

    event_id: UUID
    event_key: str
    alert_id: UUID
    source: str
    happened_at: datetime
    received_at: datetime
    document: str


class _NewestEvent(NamedTuple):
    """When the newest event of an alert happened."""

    last_event_at: datetime | None


class SystemAlertRow(NamedTuple):
    """An alert of the platform, and when its newest event happened."""

    alert: AlertRow
    last_event_at: datetime | None


# Sorted: two replicas that get the same notification lock the groups in the same order.
_CLAIM_GROUPS = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(group_key, 0))
    FROM (SELECT group_key FROM unnest(CAST(:group_key AS text[])) AS given (group_key) ORDER BY group_key) AS sorted
    """
)


async def insert_system_rule(connection: Connection, now: datetime) -> None:
    """Make the rule that the platform's alerts belong to, when this database has none yet."""
    wanted = select(RULE.c.rule_id).where(RULE.c.rule_id == SYSTEM_RULE_ID)
    if await connection.scalar(wanted) is not None:
        return
    found = await receivers.list_receiver_names(connection, [DEFAULT_RECEIVER_NAME], [])
    receiver_ids = [str(row.receiver_id) for row in found]
    changed_in = await rules.update_version(connection)
    # Somebody may have given another rule its name.
    for name in (SYSTEM_RULE_NAME, f"{SYSTEM_RULE_NAME} (built in)"):
        rule = _system_rule(name, receiver_ids, changed_in, now)
        # Without a target: neither the identifier nor the name may stop it, and a replica may have been faster.
        await connection.execute(insert_or_not(RULE).values(rule._asdict()).on_conflict_do_nothing())
        if await connection.scalar(wanted) is not None:
            return
    raise RuntimeError("the rule of the platform's events could not be stored")


def _system_rule(name: str, receiver_ids: list[str], changed_in: int, now: datetime) -> RuleRow:
    return RuleRow(
        rule_id=SYSTEM_RULE_ID,
        name=name,
        when={},
        group_by=[],
        group_wait_seconds=0.0,
        group_interval_seconds=300.0,
        repeat_interval_seconds=14_400.0,
        cooldown_seconds=0.0,
        # An alert of the platform waits for its end: it expires only when nothing was heard of it for a year.
        window_seconds=31_536_000,
        severity="warning",
        labels={},
        receivers=receiver_ids,
        is_enabled=True,
        revision=1,
        changed_in=changed_in,
        created_at=now,
        updated_at=now,
        deleted_at=None,
    )


async def find_system_rule(connection: Connection) -> RuleRow:
    """Return the rule's row: its intervals are those of the platform's alerts."""
    statement = select(*columns_for(RuleRow, RULE)).where(RULE.c.rule_id == SYSTEM_RULE_ID)
    return await find_one_row(connection, statement, RuleRow)


async def claim_groups(connection: Connection, group_keys: Sequence[str]) -> None:
    """Wait for every other transaction that works on these groups."""
    await connection.execute(_CLAIM_GROUPS, {"group_key": sorted(group_keys)})


async def claim_alerts(connection: Connection, group_keys: Sequence[str]) -> list[SystemAlertRow]:
    """Return the alerts of these groups, each with the time of its newest event, locked for this transaction."""
    newest = (
        select(func.max(SYSTEM_EVENT.c.happened_at))
        .where(SYSTEM_EVENT.c.alert_id == ALERT.c.alert_id)
        .scalar_subquery()
        .label("last_event_at")
    )
    statement = (
        select(*columns_for(AlertRow, ALERT), newest)
        .where(ALERT.c.rule_id == SYSTEM_RULE_ID, ALERT.c.group_key.in_(group_keys))
        .with_for_update(of=ALERT)
    )
    found = await find_joined_rows(connection, statement, AlertRow, _NewestEvent)
    return [SystemAlertRow(alert, event.last_event_at) for alert, event in found]


async def list_known_events(connection: Connection, event_keys: Sequence[str]) -> set[str]:
    """Return the keys of those among these events that were stored before."""
    event_key = SYSTEM_EVENT.c.event_key
    return set(await connection.scalars(select(event_key).where(event_key.in_(event_keys))))


async def insert_events(connection: Connection, rows: Sequence[NewSystemEvent]) -> None:
    """Store events; one that is here already is left as it is."""
    await insert_rows(connection, SYSTEM_EVENT, rows, on_conflict=("event_key",))
