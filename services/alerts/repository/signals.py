"""Received impacts, each in its newest revision, and the alerts they are in."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from common.batches.revisions import Held
from common.postgres.database import Connection
from common.postgres.rows import arrays_of, find_rows

Key = tuple[UUID, str, int, str]


class NewSignal(NamedTuple):
    """An impact to be stored; `document` is its JSON text."""

    signal_id: UUID
    impact_id: UUID
    article_id: UUID
    revision: int
    ticker: str
    horizon_days: int
    basis: str
    is_matched: bool
    document: str
    received_at: datetime


class StoredSignal(NamedTuple):
    """Identifier and natural key of an impact that was stored."""

    signal_id: UUID
    article_id: UUID
    ticker: str
    horizon_days: int
    basis: str


class HeldSignal(NamedTuple):
    """Identifier, natural key and revision of an impact that is held."""

    signal_id: UUID
    article_id: UUID
    ticker: str
    horizon_days: int
    basis: str
    revision: int


class SignalLink(NamedTuple):
    """An alert that an impact is in at present, with what names the alert."""

    signal_id: UUID
    alert_id: UUID
    rule_id: UUID
    group_key: str
    window_start: datetime


class AmendedLink(NamedTuple):
    """A corrected impact in an alert, and whether it still belongs there."""

    alert_id: UUID
    signal_id: UUID
    is_active: bool


class AlertSignalRow(NamedTuple):
    """An impact of an alert; `is_active` ends when a correction takes it out, and `amended_at` says when it came."""

    alert_id: UUID
    is_active: bool
    amended_at: datetime | None
    document: str


# Sorted input: two replicas that store the same impacts lock the rows in the same order.
_INSERT = text(
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

_LIST_LINKS = text(
    """
    SELECT l.signal_id, a.alert_id, a.rule_id, a.group_key, a.window_start
    FROM alert_signal l JOIN alert a USING (alert_id)
    WHERE l.signal_id = ANY(CAST(:signal_id AS uuid[])) AND l.is_active
    """
)

_INSERT_LINKS = text(
    """
    INSERT INTO alert_signal AS l (alert_id, signal_id, is_active)
    SELECT alert_id, signal_id, true
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:signal_id AS uuid[])) AS given (alert_id, signal_id)
    ON CONFLICT (alert_id, signal_id) DO UPDATE SET is_active = true
    """
)

_UPDATE_LINKS = text(
    """
    UPDATE alert_signal l SET is_active = given.is_active, amended_at = :now
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:signal_id AS uuid[]), CAST(:is_active AS boolean[]))
         AS given (alert_id, signal_id, is_active)
    WHERE l.alert_id = given.alert_id AND l.signal_id = given.signal_id
    """
)

_LIST_OF_ALERTS = text(
    """
    SELECT l.alert_id, l.is_active, l.amended_at, s.document
    FROM alert_signal l JOIN signal s USING (signal_id)
    WHERE l.alert_id = ANY(CAST(:alert_id AS uuid[]))
    ORDER BY l.alert_id, s.signal_id
    """
)

_KEY = ("article_id", "ticker", "horizon_days", "basis")


async def insert_signals(connection: Connection, rows: Sequence[NewSignal]) -> list[StoredSignal]:
    """Store impacts and return identifier and key of those that are new or newer than what was here."""
    if not rows:
        return []
    return await find_rows(connection, _INSERT, StoredSignal, arrays_of(rows))


async def list_held_signals(connection: Connection, keys: Sequence[Key]) -> dict[Key, Held]:
    """Return revision and identifier of the stored impacts with these natural keys."""
    columns = zip(*keys, strict=True)
    parameters = dict(zip(_KEY, map(list, columns), strict=True))
    return {
        (row.article_id, row.ticker, row.horizon_days, row.basis): Held(row.revision, row.signal_id)
        for row in await find_rows(connection, _FIND, HeldSignal, parameters)
    }


async def list_links(connection: Connection, signal_ids: Sequence[UUID]) -> list[SignalLink]:
    """Return the alerts that these impacts are in at present."""
    return await find_rows(connection, _LIST_LINKS, SignalLink, {"signal_id": list(signal_ids)})


async def insert_links(connection: Connection, links: Sequence[tuple[UUID, UUID]]) -> None:
    """Put impacts into alerts; `links` are pairs of alert and signal."""
    parameters = {"alert_id": [alert_id for alert_id, _ in links], "signal_id": [signal_id for _, signal_id in links]}
    await connection.execute(_INSERT_LINKS, parameters)


async def update_links(connection: Connection, links: Sequence[AmendedLink], now: datetime) -> None:
    """Record that impacts in alerts were corrected."""
    await connection.execute(_UPDATE_LINKS, arrays_of(links) | {"now": now})


async def list_signals(connection: Connection, alert_ids: Sequence[UUID]) -> list[AlertSignalRow]:
    """Return the impacts of these alerts, those that were taken out again too."""
    return await find_rows(connection, _LIST_OF_ALERTS, AlertSignalRow, {"alert_id": list(alert_ids)})
