"""All SQL of NLP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, Uuid, bindparam, column, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB

from common.batches.revisions import Held
from common.contracts import ArticleState, SentimentLabel
from common.postgres.bulk import insert_returning, insert_rows
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.point_in_time import visible
from common.postgres.rows import columns_for, find_one_row, find_rows
from nlp.models import ANALYSIS, ENTITY_ALIAS

_GIVEN = (
    func.unnest(bindparam("article_ids", type_=ARRAY(Uuid)), bindparam("revisions", type_=ARRAY(Integer)))
    .table_valued(column("article_id", Uuid), column("revision", Integer), name="given")
    .render_derived()
)
_SUPERSEDE = (
    update(ANALYSIS)
    .where(
        ANALYSIS.c.article_id == _GIVEN.c.article_id,
        ANALYSIS.c.superseded_at.is_(None),
        ANALYSIS.c.revision < _GIVEN.c.revision,
    )
    .values(superseded_at=bindparam("moment", type_=ANALYSIS.c.superseded_at.type))
)


class _CurrentRow(NamedTuple):
    """The current revision of an article's analysis."""

    article_id: UUID
    revision: int
    analysis_id: UUID


_CURRENT = select(*columns_for(_CurrentRow, ANALYSIS)).where(
    ANALYSIS.c.article_id == func.any(bindparam("article_ids", type_=ARRAY(Uuid))), ANALYSIS.c.superseded_at.is_(None)
)


class NewAnalysis(NamedTuple):
    """The analysis of one revision of an article as it is to be stored, without the time at which it is."""

    analysis_id: UUID
    article_id: UUID
    revision: int
    state: ArticleState
    label: SentimentLabel
    abstained: bool
    max_relevance: float
    relevances: Mapping[str, float]
    keys: Sequence[str]
    model_versions: Sequence[str]
    document: str
    published_at: datetime


class AnalysisRow(NamedTuple):
    """A stored analysis as JSON text, with its place in a list."""

    document: str
    published_at: datetime
    analysis_id: UUID


class _AliasRow(NamedTuple):
    entity_id: str
    alias: str


@dataclass(frozen=True, slots=True)
class AnalysisFilter:
    """What a list of analyses is narrowed by; None leaves a filter out."""

    ticker: str | None = None
    topic: str | None = None
    event_type: str | None = None
    label: str | None = None
    min_relevance: float | None = None
    model_version: str | None = None
    as_of: datetime | None = None

    def keys(self) -> list[str]:
        """Return the entries that the column `keys` must contain."""
        named = (("ticker", self.ticker), ("topic", self.topic), ("event", self.event_type))
        return [f"{kind}:{value}" for kind, value in named if value is not None]


class AnalysisRevisions:
    """The analyses of articles as `common.batches.revisions.settle` writes them.

    Parameters
    ----------
    rows : article -> the row to write, without its time
    """

    def __init__(self, connection: Connection, rows: Mapping[UUID, NewAnalysis]) -> None:
        self._connection = connection
        self._rows = rows

    async def insert(self, keys: Sequence[UUID], moment: datetime) -> dict[UUID, UUID]:
        """Insert the analyses of these articles and return article -> analysis of those written."""
        rows = [{**self._rows[key]._asdict(), "recorded_at": moment} for key in keys]
        written = await insert_returning(self._connection, ANALYSIS, rows, _Written, on_conflict=())
        return {row.article_id: row.analysis_id for row in written}

    async def read(self, keys: Sequence[UUID]) -> dict[UUID, Held]:
        """Return what is current of these articles."""
        return await list_current_revisions(self._connection, keys)

    async def supersede(self, keys: Sequence[UUID], moment: datetime) -> None:
        """End the analyses of these articles that are older than the ones to write."""
        revisions = [self._rows[key].revision for key in keys]
        await self._connection.execute(
            _SUPERSEDE, {"article_ids": list(keys), "revisions": revisions, "moment": moment}
        )


class _Written(NamedTuple):
    """An analysis that was inserted."""

    article_id: UUID
    analysis_id: UUID


async def list_current_revisions(connection: Connection, article_ids: Sequence[UUID]) -> dict[UUID, Held]:
    """Return the newest analysis of each article that has one."""
    rows = await find_rows(connection, _CURRENT, _CurrentRow, {"article_ids": list(article_ids)})
    return {row.article_id: Held(row.revision, row.analysis_id) for row in rows}


def _filtered(wanted: AnalysisFilter) -> Select[tuple[object, ...]]:
    statement = select(*columns_for(AnalysisRow, ANALYSIS)).where(visible(ANALYSIS, wanted.as_of))
    if keys := wanted.keys():
        statement = statement.where(ANALYSIS.c["keys"].op("@>")(bindparam("keys", keys, type_=JSONB)))
    if wanted.label is not None:
        statement = statement.where(ANALYSIS.c.label == wanted.label)
    if wanted.min_relevance is not None:
        relevance = (
            ANALYSIS.c.max_relevance if wanted.ticker is None else ANALYSIS.c.relevances[wanted.ticker].as_float()
        )
        statement = statement.where(relevance >= wanted.min_relevance)
    if wanted.model_version is not None:
        versions = bindparam("versions", [wanted.model_version], type_=JSONB)
        statement = statement.where(ANALYSIS.c.model_versions.op("@>")(versions))
    return statement


async def list_analyses(connection: Connection, page: PageRequest, wanted: AnalysisFilter) -> list[AnalysisRow]:
    """Return a page of analyses, the newest news first, and one row more."""
    statement = keyset(_filtered(wanted), page, (ANALYSIS.c.published_at, ANALYSIS.c.analysis_id))
    return await find_rows(connection, statement, AnalysisRow)


async def find_analysis(connection: Connection, article_id: UUID, as_of: datetime | None) -> str | None:
    """Return the analysis of an article as JSON text, as it was at `as_of`; None when there was none."""
    statement = select(ANALYSIS.c.document).where(ANALYSIS.c.article_id == article_id, visible(ANALYSIS, as_of))
    found: str | None = await connection.scalar(statement)
    return found


async def list_aliases(connection: Connection) -> dict[str, list[str]]:
    """Return every entity that users gave names to, with these names in order."""
    statement = select(*columns_for(_AliasRow, ENTITY_ALIAS)).order_by(ENTITY_ALIAS.c.entity_id, ENTITY_ALIAS.c.alias)
    found: dict[str, list[str]] = {}
    for row in await find_rows(connection, statement, _AliasRow):
        found.setdefault(row.entity_id, []).append(row.alias)
    return found


async def claim_aliases(connection: Connection, entity_id: str) -> list[str]:
    """Return the users' names of one entity, and let no one else change any entity's before this transaction ends."""
    # One lock for all: each change installs every entity's names, so it has to see the change before it.
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("aliases", 0))))
    statement = select(ENTITY_ALIAS.c.alias).where(ENTITY_ALIAS.c.entity_id == entity_id)
    return list((await connection.scalars(statement.order_by(ENTITY_ALIAS.c.alias))).all())


async def update_aliases(connection: Connection, entity_id: str, aliases: Sequence[str], moment: datetime) -> None:
    """Let `aliases` be all the names that users gave to the entity."""
    await connection.execute(delete(ENTITY_ALIAS).where(ENTITY_ALIAS.c.entity_id == entity_id))
    rows = [{"entity_id": entity_id, "alias": alias, "created_at": moment} for alias in aliases]
    await insert_rows(connection, ENTITY_ALIAS, rows)


class _Counts(NamedTuple):
    analysed: int
    abstained: int
    retracted: int


async def find_counts(connection: Connection) -> Mapping[str, int]:
    """Return how many articles are analysed, how many of these were not scored, and how many were withdrawn."""
    retracted = ANALYSIS.c.state == "retracted"
    statement = select(
        func.count().label("analysed"),
        func.count().filter(ANALYSIS.c.abstained, ~retracted).label("abstained"),
        func.count().filter(retracted).label("retracted"),
    ).where(ANALYSIS.c.superseded_at.is_(None))
    return (await find_one_row(connection, statement, _Counts))._asdict()
