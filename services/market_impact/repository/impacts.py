"""Assessments and impacts: written in versions, read as of any moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text

from common.api.pagination import PageRequest, keyset
from common.batches.revisions import Held
from common.contracts import Basis, Direction
from common.postgres.bulk import copy_rows
from common.postgres.database import Connection
from common.postgres.point_in_time import visible
from common.postgres.rows import AnyRow, Rows
from market_impact.models import ASSESSMENT, IMPACT

# Without a conflict target a row gives way to either unique index: to itself (a repeated delivery) and to the current
# revision of its article, even one that another transaction is only about to commit.
_INSERT_ASSESSMENTS = text(
    """
    INSERT INTO assessment (article_id, revision, analysis_id, result, recorded_at)
    SELECT given.*, CAST(:recorded_at AS timestamptz) FROM unnest(
        CAST(:article_id AS uuid[]), CAST(:revision AS int4[]), CAST(:analysis_id AS uuid[]), CAST(:result AS text[])
    ) AS given (article_id, revision, analysis_id, result)
    ON CONFLICT DO NOTHING RETURNING article_id, analysis_id
    """
)
_SUPERSEDE_ASSESSMENTS = text(
    """
    UPDATE assessment SET superseded_at = :superseded_at
    FROM unnest(CAST(:article_id AS uuid[]), CAST(:revision AS int4[])) AS given (article_id, revision)
    WHERE assessment.article_id = given.article_id AND assessment.superseded_at IS NULL
        AND assessment.revision < given.revision
    """
)
# Withdrawn evidence must leave the memory of every process, so its standing changes with this transaction.
_SUPERSEDE_IMPACTS = text(
    """
    UPDATE impact SET superseded_at = :superseded_at, outcome_due_at = NULL,
        evidence_transaction = CASE WHEN evidence_transaction IS NOT NULL
            THEN pg_current_xact_id()::text::bigint END
    WHERE article_id = ANY(CAST(:article_ids AS uuid[])) AND superseded_at IS NULL
    RETURNING impact_id, article_id, ticker, horizon_days, basis, document
    """
)


@dataclass(frozen=True, slots=True)
class ImpactFilter:
    """What a list of impacts is narrowed to; None does not narrow."""

    ticker: str | None = None
    direction: Direction | None = None
    basis: Basis | None = None
    horizon_days: int | None = None
    min_impact_score: float | None = None
    article_id: UUID | None = None
    model_version: str | None = None
    scored_from: datetime | None = None
    scored_to: datetime | None = None


class AssessmentRevisions:
    """The assessments of articles as `common.batches.revisions.settle` writes them.

    Parameters
    ----------
    rows : article -> `revision`, `analysis_id` and `result` to write
    """

    def __init__(self, connection: Connection, rows: Mapping[UUID, Mapping[str, Any]]) -> None:
        self._connection = connection
        self._rows = rows

    async def insert(self, keys: Sequence[UUID], moment: datetime) -> dict[UUID, UUID]:
        """Insert the assessments of these articles and return article -> analysis of those written."""
        columns = {name: [self._rows[key][name] for key in keys] for name in ("revision", "analysis_id", "result")}
        written = await self._connection.execute(
            _INSERT_ASSESSMENTS, {"article_id": list(keys), **columns, "recorded_at": moment}
        )
        return {row.article_id: row.analysis_id for row in written}

    async def read(self, keys: Sequence[UUID]) -> dict[UUID, Held]:
        """Return the current revision of each article that has one, and the analysis that it was made of."""
        columns = (ASSESSMENT.c.article_id, ASSESSMENT.c.revision, ASSESSMENT.c.analysis_id)
        statement = select(*columns).where(
            ASSESSMENT.c.article_id == func.any(bindparam("ids", list(keys), type_=ARRAY(Uuid))),
            ASSESSMENT.c.superseded_at.is_(None),
        )
        rows = await self._connection.execute(statement)
        return {row.article_id: Held(row.revision, row.analysis_id) for row in rows}

    async def supersede(self, keys: Sequence[UUID], moment: datetime) -> None:
        """End the assessments of these articles that are older than the ones to write."""
        revisions = [self._rows[key]["revision"] for key in keys]
        await self._connection.execute(
            _SUPERSEDE_ASSESSMENTS, {"article_id": list(keys), "revision": revisions, "superseded_at": moment}
        )


async def supersede_impacts(connection: Connection, article_ids: Sequence[UUID], superseded_at: datetime) -> Rows:
    """End the current impacts of articles and return them."""
    parameters = {"article_ids": list(article_ids), "superseded_at": superseded_at}
    rows: Rows = (await connection.execute(_SUPERSEDE_IMPACTS, parameters)).all()
    return rows


async def mark_withdrawn(connection: Connection, impact_ids: Sequence[UUID]) -> None:
    """Mark superseded impacts that no newer estimate replaces."""
    await connection.execute(IMPACT.update().where(IMPACT.c.impact_id.in_(impact_ids)).values(is_withdrawn=True))


async def insert_impacts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert estimates; none can meet an existing one, since the assessments before have settled that."""
    await copy_rows(connection, IMPACT, rows)


async def list_impacts(connection: Connection, page: PageRequest, wanted: ImpactFilter, as_of: datetime | None) -> Rows:
    """Return one page of impacts, the latest scored first."""
    c = IMPACT.c
    conditions = [visible(IMPACT, as_of)]
    for name in ("ticker", "direction", "basis", "horizon_days", "article_id", "model_version"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name] == value)
    if wanted.min_impact_score is not None:
        conditions.append(c.impact_score >= wanted.min_impact_score)
    if wanted.scored_from is not None:
        conditions.append(c.scored_at >= wanted.scored_from)
    if wanted.scored_to is not None:
        conditions.append(c.scored_at <= wanted.scored_to)
    statement = select(c.document, c.scored_at, c.impact_id).where(*conditions)
    rows: Rows = (await connection.execute(keyset(statement, page, (c.scored_at, c.impact_id)))).all()
    return rows


async def read_impact(connection: Connection, impact_id: UUID) -> AnyRow | None:
    """Return the estimate `impact_id`, superseded or not."""
    return (await connection.execute(select(IMPACT).where(IMPACT.c.impact_id == impact_id))).first()


async def read_similar(connection: Connection, impact: AnyRow, limit: int) -> Rows:
    """Return realised events of the kind of `impact` that were known before its news, the nearest first.

    Notes
    -----
    Near is: the same ticker before others, then the smallest difference of sentiment, then the latest.
    """
    c = IMPACT.c
    statement = (
        select(c.article_id, c.ticker, c.session_date, c.horizon_ends_at, c.sentiment_score, c.car, c.document)
        .where(
            c.event_type == impact.event_type,
            c.sentiment_label == impact.sentiment_label,
            c.basis == impact.basis,
            c.horizon_days == impact.horizon_days,
            c.horizon_ends_at < impact.published_at,
            c.evidence_transaction.is_not(None),
            visible(IMPACT, None),
        )
        .order_by(
            (c.ticker == impact.ticker).desc(),
            func.abs(c.sentiment_score - impact.sentiment_score),
            c.horizon_ends_at.desc(),
        )
        .limit(limit)
    )
    rows: Rows = (await connection.execute(statement)).all()
    return rows


async def read_marks(
    connection: Connection, ticker: str, basis: Basis, horizon_days: int, first: datetime, last: datetime
) -> Rows:
    """Return the current estimates on `ticker` for news between two moments, oldest first."""
    c = IMPACT.c
    statement = (
        select(c.session_date, c.direction, c.impact_score, c.document)
        .where(
            visible(IMPACT, None),
            c.ticker == ticker,
            c.basis == basis,
            c.horizon_days == horizon_days,
            c.published_at.between(first, last),
            c.session_date.is_not(None),
            c.abstained.is_(False),
        )
        .order_by(c.published_at)
        .limit(2_000)
    )
    rows: Rows = (await connection.execute(statement)).all()
    return rows


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many articles arrived and what became of them; received = scored + without link + retracted."""
    c = ASSESSMENT.c
    by_result = await connection.execute(
        select(c.result, func.count().label("number")).where(c.superseded_at.is_(None)).group_by(c.result)
    )
    found = {row.result: row.number for row in by_result}
    impacts = (
        await connection.execute(
            select(func.count(), func.count().filter(IMPACT.c.abstained))
            .select_from(IMPACT)
            .where(visible(IMPACT, None))
        )
    ).one()
    return {
        "received": sum(found.values()),
        "scored": found.get("scored", 0),
        "without_linked_security": found.get("without_linked_security", 0),
        "retracted": found.get("retracted", 0),
        "impacts": impacts[0],
        "abstained_impacts": impacts[1],
    }
