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


class ShownSignalRow(NamedTuple):
    """An impact of an alert that is shown, in its place from 1, or that its title names.

    Notes
    -----
    `is_active` ends when a correction takes the impact out. `n_standing` and `n_withdrawn` count those of the whole
    alert that are in it and that were taken out.
    """

    alert_id: UUID
    place: int
    is_strongest: bool
    is_active: bool
    n_standing: int
    n_withdrawn: int
    document: str


class TouchedRow(NamedTuple):
    """Impacts that corrections have touched since the last notice about their alert, the first of them.

    `has_retracted` says whether one of all of them has been retracted.
    """

    alert_id: UUID
    impact_ids: list[UUID]
    has_retracted: bool


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

# An alert may have ten thousand impacts: they are ranked here, and only those that are shown leave the database. What
# they are ranked by is cut out of the text, which is quicker than to parse it, and fails on none.
_LIST_SHOWN = text(
    r"""
    WITH scored AS (
        SELECT l.alert_id, l.signal_id, l.is_active,
               CAST(substring(s.document FROM '"impact_score":\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)')
                    AS double precision) AS score,
               COALESCE(substring(s.document FROM '"state":\s*"([a-z]+)"') <> 'retracted', true) AS stands
        FROM alert_signal l JOIN signal s USING (signal_id)
        WHERE l.alert_id = ANY(CAST(:alert_id AS uuid[]))),
    placed AS (
        SELECT *, row_number() OVER (
                   PARTITION BY alert_id
                   ORDER BY is_active DESC, CASE WHEN is_active OR :withdrawn_by_score THEN score END DESC NULLS LAST,
                            signal_id) AS place,
               count(*) FILTER (WHERE is_active) OVER (PARTITION BY alert_id) AS n_standing,
               count(*) FILTER (WHERE NOT is_active) OVER (PARTITION BY alert_id) AS n_withdrawn
        FROM scored),
    ranked AS (
        SELECT *, row_number() OVER (
                   PARTITION BY alert_id ORDER BY stands DESC, score DESC NULLS LAST, place) = 1 AS is_strongest
        FROM placed)
    SELECT r.alert_id, r.place, r.is_strongest, r.is_active, r.n_standing, r.n_withdrawn, s.document
    FROM ranked r JOIN signal s USING (signal_id)
    WHERE r.place <= :limit OR r.is_strongest
    ORDER BY r.alert_id, r.place
    """
)

_LIST_TOUCHED = text(
    r"""
    WITH touched AS (
        SELECT l.alert_id, l.signal_id, s.impact_id,
               COALESCE(substring(s.document FROM '"state":\s*"([a-z]+)"') = 'retracted', false) AS is_retracted,
               row_number() OVER (PARTITION BY l.alert_id ORDER BY l.signal_id) AS place
        FROM alert a JOIN alert_signal l USING (alert_id) JOIN signal s USING (signal_id)
        WHERE a.alert_id = ANY(CAST(:alert_id AS uuid[])) AND l.amended_at IS NOT NULL
          AND (a.last_flushed_at IS NULL OR l.amended_at >= a.last_flushed_at))
    SELECT alert_id, array_agg(impact_id ORDER BY signal_id) FILTER (WHERE place <= :limit) AS impact_ids,
           bool_or(is_retracted) AS has_retracted
    FROM touched GROUP BY alert_id
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


async def list_shown_signals(
    connection: Connection, alert_ids: Sequence[UUID], *, limit: int, withdrawn_by_score: bool
) -> list[ShownSignalRow]:
    """Return the first impacts of each of these alerts: those that stand, the strongest first, then the withdrawn.

    Parameters
    ----------
    limit : of each alert; one that is stronger than all of them comes besides.
    withdrawn_by_score : whether those that were taken out are in the order of their strength too, or of their arrival.
    """
    parameters = {"alert_id": list(alert_ids), "limit": limit, "withdrawn_by_score": withdrawn_by_score}
    return await find_rows(connection, _LIST_SHOWN, ShownSignalRow, parameters)


async def list_touched(connection: Connection, alert_ids: Sequence[UUID], limit: int) -> list[TouchedRow]:
    """Return which impacts corrections have touched since the last notice, the first `limit` of each alert."""
    return await find_rows(connection, _LIST_TOUCHED, TouchedRow, {"alert_id": list(alert_ids), "limit": limit})
