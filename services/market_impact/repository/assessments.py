"""Assessments: what became of each revision of an article, and the counts of both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text

from common.batches.revisions import Held
from common.postgres.database import Connection
from common.postgres.point_in_time import visible
from common.postgres.rows import arrays_of, columns_for, find_one_row, find_rows
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


class NewAssessment(NamedTuple):
    """What became of one revision of an article."""

    article_id: UUID
    revision: int
    analysis_id: UUID
    result: str


class _WrittenAssessment(NamedTuple):
    article_id: UUID
    analysis_id: UUID


class _CurrentAssessment(NamedTuple):
    article_id: UUID
    revision: int
    analysis_id: UUID


class _ResultCount(NamedTuple):
    result: str
    articles: int


class _ImpactCounts(NamedTuple):
    impacts: int
    abstained: int


class AssessmentRevisions:
    """The assessments of articles as `common.batches.revisions.settle` writes them.

    Parameters
    ----------
    rows : article -> what to write of it
    """

    def __init__(self, connection: Connection, rows: Mapping[UUID, NewAssessment]) -> None:
        self._connection = connection
        self._rows = rows

    async def insert(self, keys: Sequence[UUID], moment: datetime) -> dict[UUID, UUID]:
        """Insert the assessments of these articles and return article -> analysis of those written."""
        given = arrays_of([self._rows[key] for key in keys])
        written = await find_rows(
            self._connection, _INSERT_ASSESSMENTS, _WrittenAssessment, {**given, "recorded_at": moment}
        )
        return {row.article_id: row.analysis_id for row in written}

    async def read(self, keys: Sequence[UUID]) -> dict[UUID, Held]:
        """Return the current revision of each article that has one, and the analysis that it was made of."""
        statement = select(*columns_for(_CurrentAssessment, ASSESSMENT)).where(
            ASSESSMENT.c.article_id == func.any(bindparam("ids", list(keys), type_=ARRAY(Uuid))),
            ASSESSMENT.c.superseded_at.is_(None),
        )
        rows = await find_rows(self._connection, statement, _CurrentAssessment)
        return {row.article_id: Held(row.revision, row.analysis_id) for row in rows}

    async def supersede(self, keys: Sequence[UUID], moment: datetime) -> None:
        """End the assessments of these articles that are older than the ones to write."""
        revisions = [self._rows[key].revision for key in keys]
        await self._connection.execute(
            _SUPERSEDE_ASSESSMENTS, {"article_id": list(keys), "revision": revisions, "superseded_at": moment}
        )


async def find_counts(connection: Connection) -> dict[str, int]:
    """Return how many articles arrived and what became of them; received = scored + without link + retracted."""
    c = ASSESSMENT.c
    by_result = select(c.result, func.count().label("articles")).where(c.superseded_at.is_(None)).group_by(c.result)
    found = dict(await find_rows(connection, by_result, _ResultCount))
    abstained = func.count().filter(IMPACT.c.abstained).label("abstained")
    statement = select(func.count().label("impacts"), abstained).select_from(IMPACT).where(visible(IMPACT, None))
    estimates = await find_one_row(connection, statement, _ImpactCounts)
    return {
        "received": sum(found.values()),
        "scored": found.get("scored", 0),
        "without_linked_security": found.get("without_linked_security", 0),
        "retracted": found.get("retracted", 0),
        "impacts": estimates.impacts,
        "abstained_impacts": estimates.abstained,
    }
