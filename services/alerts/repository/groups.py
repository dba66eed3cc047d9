"""Groups: the alerts of one rule with the same values of its grouping labels."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text

from alerts.models import ALERT
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_rows


class GroupRow(NamedTuple):
    """The newest alert of a group, and how many there are in it."""

    alert_id: UUID
    rule_id: UUID
    rule_name: str
    group_key: str
    group_labels: dict[str, str]
    starts_at: datetime
    n_alerts: int
    n_open: int
    last_notified_at: datetime | None


class LastFlushed(NamedTuple):
    """When a group was last told about."""

    rule_id: UUID
    group_key: str
    last_flushed_at: datetime | None


_LIST_LAST_FLUSHED = text(
    """
    SELECT a.rule_id, a.group_key, max(a.last_flushed_at) AS last_flushed_at
    FROM unnest(CAST(:rule_id AS uuid[]), CAST(:group_key AS text[])) AS given (rule_id, group_key)
    JOIN alert a USING (rule_id, group_key)
    GROUP BY a.rule_id, a.group_key
    """
)


async def list_last_flushed(connection: Connection, groups: Sequence[tuple[UUID, str]]) -> list[LastFlushed]:
    """Return when each group, pairs of rule and group key, was last told about."""
    parameters = {"rule_id": [rule_id for rule_id, _ in groups], "group_key": [key for _, key in groups]}
    return await find_rows(connection, _LIST_LAST_FLUSHED, LastFlushed, parameters)


async def list_groups(connection: Connection, page: PageRequest, *, rule_id: UUID | None) -> list[GroupRow]:
    """Return a page of groups, the one with the newest alert first; each row is its newest alert with the counts."""
    of_group = (ALERT.c.rule_id, ALERT.c.group_key)
    grouped = select(
        ALERT.c.alert_id,
        func.count().over(partition_by=of_group).label("n_alerts"),
        func.count(ALERT.c.alert_id).filter(ALERT.c.ends_at.is_(None)).over(partition_by=of_group).label("n_open"),
        func.max(ALERT.c.last_flushed_at).over(partition_by=of_group).label("last_notified_at"),
        func.row_number()
        .over(partition_by=of_group, order_by=(ALERT.c.starts_at.desc(), ALERT.c.alert_id.desc()))
        .label("place"),
    )
    if rule_id is not None:
        grouped = grouped.where(ALERT.c.rule_id == rule_id)
    newest = grouped.subquery()
    statement = (
        select(*columns_for(GroupRow, ALERT, newest))
        .join(newest, newest.c.alert_id == ALERT.c.alert_id)
        .where(newest.c.place == 1)
    )
    return await find_rows(connection, keyset(statement, page, (ALERT.c.starts_at, ALERT.c.alert_id)), GroupRow)
