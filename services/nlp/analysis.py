"""The use case of the pipeline: analyses each revision of an article once, stores the result and hands it on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from uuid import UUID

from common.batches.revisions import Held, RevisedBatch, Settled, is_newer, settle
from common.clock import uuid7
from common.contracts import Analysis, Article, BatchResult, InvalidItem
from common.postgres.database import Connection, Transaction
from nlp import repository
from nlp.engine import Engine
from nlp.repository import NewAnalysis
from nlp.text_analyser import TextAnalysis, no_sentiment
from nlp.text_input import TextInput


async def analyse(engine: Engine, transaction: Transaction, articles: Sequence[Article | InvalidItem]) -> BatchResult:
    """Store the analysis of every new revision, hand it on, and answer for each article in the order given.

    Notes
    -----
    A revision that is here already is `unchanged`, an older one `superseded`; both cost one look-up and no model.
    Batches wait for each other and for the models: none holds a connection meanwhile.
    """
    batch: RevisedBatch[UUID, Article] = RevisedBatch(articles, key=attrgetter("article_id"))
    async with transaction() as connection:
        known = await repository.list_current_revisions(connection, list(batch.newest))
    fresh = [article for key, article in batch.newest.items() if is_newer(article.revision, known.get(key))]
    analyses = await _analyse(engine, fresh)
    async with transaction() as connection:
        settled = await _store(engine, connection, analyses, known)
    return batch.answers(settled.written, {**known, **settled.held})


async def _analyse(engine: Engine, articles: Sequence[Article]) -> list[Analysis]:
    living = [article for article in articles if article.state != "retracted"]
    read = await engine.thread.analyse([_text(article) for article in living])
    found = dict(zip(map(id, living), read, strict=True))
    now = engine.runtime.clock.now()
    retracted = no_sentiment("The article was retracted.")
    # What withdraws everything built on an article names no entity and has no score.
    versions = engine.thread.model_versions
    return [_contract(article, found.get(id(article), retracted), versions, now) for article in articles]


def _text(article: Article) -> TextInput:
    return TextInput(
        title=article.title,
        summary=article.summary or "",
        body=article.body or "",
        language=article.language,
        tickers=tuple(article.tickers),
        on=article.published_at.astimezone(UTC).date(),
    )


def _contract(article: Article, found: TextAnalysis, model_versions: dict[str, str], now: datetime) -> Analysis:
    analysis_id = uuid7()
    lineage = article.lineage()
    lineage.analysis_id, lineage.analysed_at = analysis_id, now
    return Analysis(
        analysis_id=analysis_id,
        article_id=article.article_id,
        revision=article.revision,
        state=article.state,
        title=article.title,
        url=article.url,
        source_name=article.source.name if article.source else None,
        novelty=article.novelty,
        lineage=lineage,
        **found.answer(model_versions),
    )


async def _store(
    engine: Engine, connection: Connection, analyses: Sequence[Analysis], known: Mapping[UUID, Held]
) -> Settled:
    """Write the analyses and hand on those that were written."""
    documents = {analysis.article_id: analysis.model_dump_json() for analysis in analyses}
    rows = {analysis.article_id: _row(analysis, documents[analysis.article_id]) for analysis in analyses}
    settled = await settle(
        repository.AnalysisRevisions(connection, rows),
        {analysis.article_id: analysis.revision for analysis in analyses},
        engine.runtime.clock,
        known,
    )
    await engine.runtime.handover().put(
        connection, [documents[article_id] for article_id in documents if article_id in settled.written]
    )
    return settled


def _row(analysis: Analysis, document: str) -> NewAnalysis:
    relevances = {
        entity.ticker: entity.relevance for entity in reversed(analysis.entities) if entity.ticker is not None
    }
    keys = [f"ticker:{ticker}" for ticker in relevances]
    keys += [f"topic:{topic.topic}" for topic in analysis.topics]
    keys += [f"event:{event.type}" for event in analysis.stated_events()]
    return NewAnalysis(
        analysis_id=analysis.analysis_id,
        article_id=analysis.article_id,
        revision=analysis.revision,
        state=analysis.state,
        label=analysis.sentiment.label,
        abstained=analysis.abstained,
        max_relevance=max((entity.relevance for entity in analysis.entities), default=0.0),
        relevances=relevances,
        keys=keys,
        model_versions=list(analysis.model_versions.values()),
        document=document,
        published_at=analysis.lineage.published_at,
    )
