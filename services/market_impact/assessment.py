"""Takes analyses in: decides what is new, scores what has a linked security, withdraws what no longer holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import expm1
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from common.clock import uuid7
from common.contracts import Analysis, BatchResult, InvalidItem, ItemError, ItemResult
from common.database import Connection, after_commit
from common.errors import Unavailable
from market_impact.engine import Engine
from market_impact.impact_document import Document, impact_document
from market_impact.impact_row import Row, impact_row, scored_event
from market_impact.linking import Link, linked_securities
from market_impact.outcome_recording import count_outcomes
from market_impact.repository import impacts
from market_impact.scoring import BASES, ScoredImpact, score_links

_SETTLING_ROUNDS = 5


@dataclass(slots=True)
class _Batch:
    """The analyses of one request that are worth deciding on, and the answers so far."""

    answers: dict[int, ItemResult] = field(default_factory=dict)
    current: dict[UUID, tuple[int, Analysis]] = field(default_factory=dict)
    links: dict[UUID, list[Link]] = field(default_factory=dict)

    def result_of(self, analysis: Analysis) -> str:
        if analysis.state == "retracted":
            return "retracted"
        return "scored" if self.links[analysis.article_id] else "without_linked_security"


async def assess(connection: Connection, engine: Engine, analyses: Sequence[Analysis | InvalidItem]) -> BatchResult:
    """Store an assessment of every analysis that is new, with its estimates, and hand them on.

    Notes
    -----
    Idempotent on (article, revision): a repeated delivery is `unchanged`, an older revision `superseded`. Six
    statements write a batch of any size.
    """
    now = engine.runtime.clock.now()
    with engine.metrics.scoring_seconds.time():
        batch = _sort_out(analyses, engine.settings.min_relevance)
        fresh, replaced = await _settle(connection, batch, now)
        if fresh:
            await _write(connection, engine, batch, fresh, replaced, now)
    for article_id in fresh:
        engine.metrics.analyses.labels(batch.result_of(batch.current[article_id][1])).inc()
    return BatchResult(data=[batch.answers[index] for index in range(len(analyses))])


def _sort_out(analyses: Sequence[Analysis | InvalidItem], min_relevance: float) -> _Batch:
    """Answer what needs no look at the database: invalid items, and repetitions within the batch."""
    batch = _Batch()
    for index, analysis in enumerate(analyses):
        if isinstance(analysis, InvalidItem):
            batch.answers[index] = ItemResult(index=index, status="rejected", error=ItemError.of(analysis))
            continue
        earlier = batch.current.get(analysis.article_id)
        if earlier is not None and earlier[1].revision >= analysis.revision:
            same = earlier[1].revision == analysis.revision
            batch.answers[index] = _answer(index, analysis, "unchanged" if same else "superseded")
            continue
        if earlier is not None:
            batch.answers[earlier[0]] = _answer(earlier[0], earlier[1], "superseded")
        batch.current[analysis.article_id] = index, analysis
    for article_id, (_, analysis) in batch.current.items():
        retracted = analysis.state == "retracted"
        batch.links[article_id] = [] if retracted else linked_securities(analysis, min_relevance)
    return batch


def _answer(index: int, analysis: Analysis, status: Any) -> ItemResult:
    return ItemResult(index=index, status=status, id=str(analysis.analysis_id))


async def _settle(connection: Connection, batch: _Batch, now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Write the assessments and return the articles that are new here, and those whose earlier revision they replace.

    Notes
    -----
    An insert that gives way tells that the article has a current revision, perhaps from a transaction that committed a
    moment ago; then it is read, ended when it is older, and the insert is tried again.
    """
    open_articles = sorted(batch.current)
    fresh: list[UUID] = []
    replaced: list[UUID] = []
    for _ in range(_SETTLING_ROUNDS):
        if not open_articles:
            break
        written = await impacts.insert_assessments(
            connection, [_assessment_row(batch, article_id) for article_id in open_articles], now
        )
        fresh += sorted(written)
        open_articles = [article_id for article_id in open_articles if article_id not in written]
        known = await impacts.read_revisions(connection, open_articles) if open_articles else {}
        older: dict[UUID, int] = {}
        for article_id in open_articles:
            index, analysis = batch.current[article_id]
            held = known.get(article_id, 0)
            if held < analysis.revision:
                older[article_id] = analysis.revision
            else:
                status = "unchanged" if held == analysis.revision else "superseded"
                batch.answers[index] = _answer(index, analysis, status)
        if older:
            await impacts.supersede_assessments(connection, older, now)
            replaced += older
        open_articles = sorted(older)
    if open_articles:
        raise Unavailable(f"Other requests keep writing {len(open_articles)} of these articles; try again.")
    for article_id in fresh:
        index, analysis = batch.current[article_id]
        batch.answers[index] = _answer(index, analysis, "stored")
    return fresh, replaced


def _assessment_row(batch: _Batch, article_id: UUID) -> dict[str, Any]:
    analysis = batch.current[article_id][1]
    return {
        "article_id": article_id,
        "revision": analysis.revision,
        "analysis_id": analysis.analysis_id,
        "result": batch.result_of(analysis),
    }


async def _write(
    connection: Connection,
    engine: Engine,
    batch: _Batch,
    fresh: Sequence[UUID],
    replaced: Sequence[UUID],
    now: datetime,
) -> None:
    links = [link for article_id in fresh for link in batch.links[article_id]]
    handed_on: list[str] = []
    events: list[tuple[str, str]] = []
    previous = await impacts.supersede_impacts(connection, replaced, now) if replaced else ()
    if links:
        transaction = await engine.memory.refresh(connection)
        calendar = engine.calendar()
        market = await engine.prices.market(connection, (link.ticker for link in links), calendar)
        scored = score_links(links, market, engine.memory.past, calendar, engine.parameters)
        rows: list[Row] = []
        for impact in scored:
            impact_id = uuid7()
            document = impact_document(impact, impact_id, now, engine.parameters.interval_level)
            rows.append(impact_row(impact, impact_id, document, calendar=calendar, transaction=transaction, now=now))
            events.append(("impact.scored", scored_event(document)))
        await impacts.insert_impacts(connection, rows)
        handed_on = [row["document"] for row in rows]
        after_commit(connection, lambda: _count(engine, scored, rows))
    withdrawn = _withdrawals(batch, previous, {(link.analysis.article_id, link.ticker) for link in links}, now)
    if withdrawn:
        await impacts.mark_withdrawn(connection, [document["impact_id"] for document in withdrawn])
        handed_on += [to_json(document).decode() for document in withdrawn]
    await engine.runtime.handover().put(connection, handed_on)
    await engine.runtime.events.publish(connection, events)


def _withdrawals(
    batch: _Batch, previous: Sequence[Any], still_linked: set[tuple[UUID, str]], now: datetime
) -> list[Document]:
    """Return the earlier estimates that no new one replaces, as retractions under the new revision."""
    withdrawn = []
    for row in previous:
        if (row.article_id, row.ticker) in still_linked:
            continue
        analysis = batch.current[row.article_id][1]
        document: Document = from_json(row.document)
        document.update(impact_id=row.impact_id, state="retracted", revision=analysis.revision)
        document["lineage"].update(analysis_id=analysis.analysis_id, scored_at=now)
        withdrawn.append(document)
    return withdrawn


def _count(engine: Engine, scored: Sequence[ScoredImpact], rows: Sequence[Row]) -> None:
    metrics = engine.metrics
    scores = {basis: metrics.scores.labels(basis) for basis in BASES}
    within: list[tuple[str, bool | None]] = []
    for impact, row in zip(scored, rows, strict=True):
        found = impact.estimate
        if found is None:
            metrics.abstentions.labels(impact.abstain_reason).inc()
        else:
            scores[impact.basis].observe(found["impact_score"])
        if row["car"] is not None:
            inside = None if found is None else found["low"] <= expm1(impact.car) <= found["high"]
            within.append((impact.basis, inside))
    count_outcomes(engine, within)
    metrics.past_events.set(len(engine.memory.past))
    metrics.cached_tickers.set(len(engine.prices))
