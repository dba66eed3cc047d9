"""Events of the platform and the alerts they make."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from alerts.models import ALERT, RULE, SYSTEM_EVENT
from alerts.repository import receivers, rules
from alerts.system_rule import SYSTEM_RULE_ID, system_rule
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import Rows, all_rows

# Sorted: two replicas that get the same notification lock the groups in the same order.
_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(group_key, 0))
    FROM (SELECT group_key FROM unnest(CAST(:group_key AS text[])) AS given (group_key) ORDER BY group_key) AS sorted
    """
)


async def ensure_system_rule(connection: Connection, now: datetime) -> None:
    """Make the rule that the platform's alerts belong to, when this database has none yet."""
    wanted = select(RULE.c.rule_id).where(RULE.c.rule_id == SYSTEM_RULE_ID)
    if await connection.scalar(wanted) is not None:
        return
    found = [str(row.receiver_id) for row in await receivers.named(connection, ["log"], [])]
    changed_in = await rules.count_change(connection)
    for is_taken in (False, True):
        values = system_rule(now, found, changed_in, is_name_taken=is_taken)
        # Without a target: neither the identifier nor the name may stop it, and a replica may have been faster.
        await connection.execute(insert_or_not(RULE).values(values).on_conflict_do_nothing())
        if await connection.scalar(wanted) is not None:
            return
    raise RuntimeError("the rule of the platform's events could not be stored")


async def lock_groups(connection: Connection, group_keys: Sequence[str]) -> None:
    """Wait for every other transaction that works on these groups."""
    await connection.execute(_LOCK, {"group_key": sorted(group_keys)})


async def alerts_of(connection: Connection, group_keys: Sequence[str]) -> Rows:
    """Return the alerts of these groups, each with the time of its newest event."""
    newest = (
        select(func.max(SYSTEM_EVENT.c.happened_at))
        .where(SYSTEM_EVENT.c.alert_id == ALERT.c.alert_id)
        .scalar_subquery()
        .label("last_event_at")
    )
    statement = (
        select(ALERT, newest)
        .where(ALERT.c.rule_id == SYSTEM_RULE_ID, ALERT.c.group_key.in_(group_keys))
        .with_for_update(of=ALERT)
    )
    return await all_rows(connection, statement)


async def known_events(connection: Connection, event_keys: Sequence[str]) -> Rows:
    """Return key and alert of the events among these that were stored before."""
    columns = (SYSTEM_EVENT.c.event_key, SYSTEM_EVENT.c.alert_id)
    return await all_rows(connection, select(*columns).where(SYSTEM_EVENT.c.event_key.in_(event_keys)))


async def rule_of_system(connection: Connection) -> Any:
    """Return the rule's row: its intervals are those of the platform's alerts."""
    return (await connection.execute(select(RULE).where(RULE.c.rule_id == SYSTEM_RULE_ID))).one()


async def add_alerts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store alerts of groups that had none."""
    if rows:
        await connection.execute(insert(ALERT), list(rows))


async def add_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store events; one that is here already is left as it is."""
    await insert_rows(connection, SYSTEM_EVENT, rows, on_conflict=("event_key",))
