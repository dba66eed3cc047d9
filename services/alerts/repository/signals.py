"""Received impacts, each in its newest revision, and the alerts they are in."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.batches.revisions import Held
from common.postgres.database import Connection

Key = tuple[UUID, str, int, str]

# Sorted input: two replicas that store the same impacts lock the rows in the same order.
_STORE = text(
    """
    INSERT INTO signal AS s (signal_id, impact_id, article_id, revision, ticker, horizon_days, basis,
                             is_matched, document, received_at)
    SELECT * FROM unnest(
        CAST(:signal_id AS uuid[]), CAST(:impact_id AS uuid[]), CAST(:article_id AS uuid[]),
        CAST(:revision AS integer[]), CAST(:ticker AS text[]), CAST(:horizon_days AS integer[]),
        CAST(:basis AS text[]), CAST(:is_matched AS boolean[]), CAST(:document AS text[]),
        CAST(:received_at AS timestamptz[]))
    ON CONFLICT (article_id, ticker, horizon_days, basis) DO UPDATE
    SET impact_id = excluded.impact_id, revision = excluded.revision, document = excluded.document,
        is_matched = s.is_matched OR excluded.is_matched
    WHERE s.revision < excluded.revision
    RETURNING s.signal_id, s.article_id, s.ticker, s.horizon_days, s.basis
    """
)

_FIND = text(
    """
    SELECT s.signal_id, s.article_id, s.ticker, s.horizon_days, s.basis, s.revision
    FROM unnest(CAST(:article_id AS uuid[]), CAST(:ticker AS text[]), CAST(:horizon_days AS integer[]),
                CAST(:basis AS text[])) AS given (article_id, ticker, horizon_days, basis)
    JOIN signal s USING (article_id, ticker, horizon_days, basis)
    """
)

_LINKS = text(
    """
    SELECT l.signal_id, a.alert_id, a.rule_id, a.group_key, a.window_start
    FROM alert_signal l JOIN alert a USING (alert_id)
    WHERE l.signal_id = ANY(CAST(:signal_id AS uuid[])) AND l.is_active
    """
)

_LINK = text(
    """
    INSERT INTO alert_signal AS l (alert_id, signal_id, is_active)
    SELECT alert_id, signal_id, true
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:signal_id AS uuid[])) AS given (alert_id, signal_id)
    ON CONFLICT (alert_id, signal_id) DO UPDATE SET is_active = true
    """
)

_AMEND_LINKS = text(
    """
    UPDATE alert_signal l SET is_active = given.is_active, amended_at = :now
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:signal_id AS uuid[]), CAST(:is_active AS boolean[]))
         AS given (alert_id, signal_id, is_active)
    WHERE l.alert_id = given.alert_id AND l.signal_id = given.signal_id
    """
)

_OF_ALERTS = text(
    """
    SELECT l.alert_id, l.is_active, l.amended_at, s.document
    FROM alert_signal l JOIN signal s USING (signal_id)
    WHERE l.alert_id = ANY(CAST(:alert_id AS uuid[]))
    ORDER BY l.alert_id, s.signal_id
    """
)

_KEY = ("article_id", "ticker", "horizon_days", "basis")


async def store_signals(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row[Any]]:
    """Store impacts and return identifier and key of those that are new or newer than what was here."""
    if not rows:
        return []
    return (await connection.execute(_STORE, {name: [row[name] for row in rows] for name in rows[0]})).all()


async def find_signals(connection: Connection, keys: Sequence[Key]) -> dict[Key, Held]:
    """Return revision and identifier of the stored impacts with these natural keys."""
    columns = zip(*keys, strict=True)
    rows = await connection.execute(_FIND, dict(zip(_KEY, map(list, columns), strict=True)))
    return {
        (row.article_id, row.ticker, row.horizon_days, row.basis): Held(row.revision, row.signal_id) for row in rows
    }


async def links_of(connection: Connection, signal_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return the alerts that these impacts are in at present."""
    return (await connection.execute(_LINKS, {"signal_id": list(signal_ids)})).all()


async def link_signals(connection: Connection, links: Sequence[tuple[UUID, UUID]]) -> None:
    """Put impacts into alerts; `links` are pairs of alert and signal."""
    parameters = {"alert_id": [alert_id for alert_id, _ in links], "signal_id": [signal_id for _, signal_id in links]}
    await connection.execute(_LINK, parameters)


async def amend_links(connection: Connection, links: Sequence[tuple[UUID, UUID, bool]], now: object) -> None:
    """Record that impacts in alerts were corrected; `links` are alert, signal, and whether it still belongs there."""
    await connection.execute(
        _AMEND_LINKS,
        {
            "alert_id": [link[0] for link in links],
            "signal_id": [link[1] for link in links],
            "is_active": [link[2] for link in links],
            "now": now,
        },
    )


async def signals_of_alerts(connection: Connection, alert_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return the impacts of these alerts, those that were taken out again too."""
    return (await connection.execute(_OF_ALERTS, {"alert_id": list(alert_ids)})).all()
