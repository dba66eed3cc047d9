"""The use-case of the pipeline: articles in, analyses stored and handed on, each revision once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.clock import uuid7
from common.contracts import Analysis, Article, BatchResult, InvalidItem, ItemError, ItemResult
from common.database import Connection
from common.runtime import Runtime
from nlp import repository
from nlp.analyser import TextAnalysis, TextInput, no_sentiment
from nlp.engine import Engine


@dataclass(slots=True)
class _Item:
    """One article of a batch on its way: `answer` is set as soon as it is known."""

    index: int
    article: Article
    answer: ItemResult | None = None
    analysis: Analysis | None = None


async def analyse_articles(
    runtime: Runtime, engine: Engine, connection: Connection, articles: Sequence[Article | InvalidItem]
) -> BatchResult:
    """Store the analysis of every new revision, hand it on, and answer for each article in the order given.

    Notes
    -----
    A revision that is here already is `unchanged`, an older one `superseded`; both cost one look-up and no model.
    """
    answers: dict[int, ItemResult] = {}
    items: list[_Item] = []
    for index, article in enumerate(articles):
        if isinstance(article, InvalidItem):
            answers[index] = ItemResult(index=index, status="rejected", error=ItemError.of(article))
        else:
            items.append(_Item(index, article))
    known = await repository.current_revisions(connection, [item.article.article_id for item in items])
    fresh = _fresh(items, known)
    await _analyse(engine, fresh, runtime.clock.now())
    written = await _store(runtime, connection, fresh, known)
    for item in fresh:
        item.answer = _stored(item, written)
    _answer_the_rest(items, known)
    answers |= {item.index: item.answer for item in items if item.answer is not None}
    return BatchResult(data=[answers[index] for index in range(len(articles))])


def _fresh(items: list[_Item], known: dict[UUID, tuple[int, UUID]]) -> list[_Item]:
    """Return the items to analyse: of each article the newest revision in the batch, if it is newer than the stored."""
    newest: dict[UUID, _Item] = {}
    for item in items:
        other = newest.get(item.article.article_id)
        if other is None or other.article.revision < item.article.revision:
            newest[item.article.article_id] = item
    return [
        item
        for article_id, item in newest.items()
        if article_id not in known or known[article_id][0] < item.article.revision
    ]


async def _analyse(engine: Engine, items: list[_Item], now: datetime) -> None:
    living = [item for item in items if item.article.state != "retracted"]
    found = await engine.analyse([_text(item.article) for item in living])
    for item, analysis in zip(living, found, strict=True):
        item.analysis = _contract(item.article, analysis, engine.model_versions, now)
    for item in items:
        if item.analysis is None:
            item.analysis = _withdrawn(item.article, engine.model_versions, now)


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
        language=found.language.code,
        sentiment=found.sentiment,
        entities=found.entities,
        topics=found.topics,
        events=found.events,
        evidence=found.evidence,
        novelty=article.novelty,
        abstained=found.abstained,
        abstain_reason=found.abstain_reason,
        ambiguity=found.ambiguity,
        model_versions=model_versions,
        lineage=lineage,
    )


def _withdrawn(article: Article, model_versions: dict[str, str], now: datetime) -> Analysis:
    """Return the analysis that withdraws what was built on the article: no entity, no score."""
    return _contract(article, no_sentiment("The article was retracted."), model_versions, now)


async def _store(
    runtime: Runtime, connection: Connection, items: list[_Item], known: dict[UUID, tuple[int, UUID]]
) -> set[UUID]:
    analyses = [item.analysis for item in items if item.analysis is not None]
    if not analyses:
        return set()
    now = runtime.clock.now()
    documents = [analysis.model_dump_json() for analysis in analyses]
    rows = [_row(analysis, document, now) for analysis, document in zip(analyses, documents, strict=True)]
    corrected = [(analysis.article_id, analysis.revision) for analysis in analyses if analysis.article_id in known]
    written = await repository.store_analyses(connection, rows, corrected, now)
    handed_on = [
        document for analysis, document in zip(analyses, documents, strict=True) if analysis.analysis_id in written
    ]
    await runtime.handover().put(connection, handed_on)
    return written


def _row(analysis: Analysis, document: str, now: datetime) -> dict[str, Any]:
    relevances = {
        entity.ticker: entity.relevance for entity in reversed(analysis.entities) if entity.ticker is not None
    }
    keys = [f"ticker:{ticker}" for ticker in relevances]
    keys += [f"topic:{topic.topic}" for topic in analysis.topics]
    keys += [f"event:{event.type}" for event in analysis.stated_events()]
    return {
        "analysis_id": analysis.analysis_id,
        "article_id": analysis.article_id,
        "revision": analysis.revision,
        "state": analysis.state,
        "label": analysis.sentiment.label,
        "abstained": analysis.abstained,
        "max_relevance": max((entity.relevance for entity in analysis.entities), default=0.0),
        "relevances": relevances,
        "keys": keys,
        "model_versions": list(analysis.model_versions.values()),
        "document": document,
        "published_at": analysis.lineage.published_at,
        "recorded_at": now,
    }


def _stored(item: _Item, written: set[UUID]) -> ItemResult:
    """Return the answer to a fresh item; one that another delivery wrote in the same moment is unchanged."""
    analysis_id = item.analysis.analysis_id if item.analysis is not None else None
    if analysis_id in written:
        return ItemResult(index=item.index, status="stored", id=str(analysis_id))
    return ItemResult(index=item.index, status="unchanged")


def _answer_the_rest(items: list[_Item], known: dict[UUID, tuple[int, UUID]]) -> None:
    """Answer the items that were not analysed, by the revision that is here now."""
    here = {article_id: (revision, str(analysis_id)) for article_id, (revision, analysis_id) in known.items()}
    for item in items:
        if item.answer is not None and item.answer.id is not None:
            here[item.article.article_id] = (item.article.revision, item.answer.id)
    for item in items:
        if item.answer is None:
            revision, analysis_id = here.get(item.article.article_id, (item.article.revision, None))
            status = "unchanged" if item.article.revision == revision else "superseded"
            item.answer = ItemResult(index=item.index, status=status, id=analysis_id)
