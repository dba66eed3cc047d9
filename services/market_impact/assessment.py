"""Receives analyses: decides which are new, scores those with a linked security, withdraws outdated estimates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from common.batches.item_isolation import shared_by_items
from common.batches.revisions import RevisedBatch, settle
from common.clock import uuid7
from common.contracts import Analysis, Basis, BatchResult, Impact, InvalidItem
from common.postgres.database import Connection, after_commit
from market_impact.engine import Engine
from market_impact.estimation.linking import Link, linked_securities
from market_impact.estimation.scoring import BASES, ScoredImpact, ScoringInputs, score_links
from market_impact.impacts.document import impact_document
from market_impact.impacts.outcome import lies_within
from market_impact.impacts.outcome_recording import count_outcomes
from market_impact.impacts.row import impact_row, scored_event
from market_impact.impacts.stored import readable_impact_of
from market_impact.metrics import ImpactMetrics
from market_impact.repository import impacts
from market_impact.repository.assessments import AssessmentRevisions, NewAssessment
from market_impact.repository.impacts import NewImpact, SupersededImpact

_Estimated = tuple[UUID, str, int, Basis]
"""What makes an estimate the same one through its revisions: article, ticker, horizon and basis."""


@dataclass(frozen=True, slots=True)
class _News:
    """An analysis with the securities that it speaks about; none when it was retracted."""

    analysis: Analysis
    links: list[Link]

    @classmethod
    def of(cls, analysis: Analysis, min_relevance: float) -> "_News":
        retracted = analysis.state == "retracted"
        return cls(analysis, [] if retracted else linked_securities(analysis, min_relevance))

    @property
    def result(self) -> str:
        if self.analysis.state == "retracted":
            return "retracted"
        return "scored" if self.links else "without_linked_security"

    def row(self) -> NewAssessment:
        return NewAssessment(self.analysis.article_id, self.analysis.revision, self.analysis.analysis_id, self.result)


async def assess(engine: Engine, connection: Connection, analyses: Sequence[Analysis | InvalidItem]) -> BatchResult:
    """Store an assessment of every analysis that is new, with its estimates, and hand them on.

    Notes
    -----
    Idempotent on (article, revision): a repeated delivery is `unchanged`, an older revision `superseded`. Six
    statements write a batch of any size.
    """
    clock = engine.runtime.clock
    with engine.metrics.scoring_seconds.time():
        batch: RevisedBatch[UUID, Analysis] = RevisedBatch(analyses, key=attrgetter("article_id"))
        news = {key: _News.of(analysis, engine.settings.min_relevance) for key, analysis in batch.newest.items()}
        settled = await settle(
            AssessmentRevisions(connection, {key: each.row() for key, each in news.items()}),
            {key: each.analysis.revision for key, each in news.items()},
            clock,
        )
        fresh = [each for key, each in news.items() if key in settled.written]
        if fresh:
            await _write(engine, connection, fresh, settled.replaced.intersection(settled.written), clock.now())
    after_commit(connection, lambda: _count_news(engine, fresh))
    return batch.answers(settled.written, settled.held)


def _count_news(engine: Engine, fresh: Sequence[_News]) -> None:
    for each in fresh:
        engine.metrics.analyses.labels(each.result).inc()


async def _write(
    engine: Engine, connection: Connection, fresh: Sequence[_News], replaced: Collection[UUID], now: datetime
) -> None:
    """Score what is new, withdraw what it replaces, and hand both on."""
    links = [link for each in fresh for link in each.links]
    handed_on: list[str] = []
    events: list[tuple[str, str]] = []
    estimated: set[_Estimated] = set()
    previous = await impacts.update_superseded(connection, sorted(replaced), now) if replaced else []
    if links:
        with shared_by_items("The past events"):
            transaction = await engine.evidence.refresh(connection)
        calendar = engine.calendar()
        market = await engine.prices.market(connection, (link.ticker for link in links), calendar)
        scored = score_links(links, ScoringInputs(market, engine.evidence.past, calendar, engine.parameters))
        rows: list[NewImpact] = []
        for impact in scored:
            impact_id = uuid7()
            document = impact_document(impact, impact_id, now, engine.parameters.interval_level)
            rows.append(impact_row(impact, impact_id, document, calendar=calendar, transaction=transaction, now=now))
            events.append(("impact.scored", scored_event(document)))
        await impacts.insert_impacts(connection, rows)
        handed_on = [row.document for row in rows]
        estimated = {(row.article_id, row.ticker, row.horizon_days, row.basis) for row in rows}
        after_commit(connection, lambda: _count(engine, scored, rows))
    analyses = {each.analysis.article_id: each.analysis for each in fresh}
    left_out = [
        earlier
        for earlier in previous
        if (earlier.article_id, earlier.ticker, earlier.horizon_days, earlier.basis) not in estimated
    ]
    if left_out:
        await impacts.update_withdrawn(connection, [earlier.impact_id for earlier in left_out])
        withdrawn = _withdrawals(analyses, left_out, engine.metrics, now)
        handed_on += [impact.model_dump_json() for impact in withdrawn]
    await engine.runtime.handover().put(connection, handed_on)
    await engine.runtime.events.publish(connection, events)


def _withdrawals(
    analyses: Mapping[UUID, Analysis], left_out: Sequence[SupersededImpact], metrics: ImpactMetrics, now: datetime
) -> list[Impact]:
    """Return earlier estimates that no new one replaces, as retractions under the new revision.

    Notes
    -----
    One that cannot be read was refused by its receiver as well, who has nothing of it to withdraw.
    """
    withdrawn = []
    for earlier in left_out:
        impact = readable_impact_of(earlier.impact_id, earlier.document, metrics)
        if impact is None:
            continue
        analysis = analyses[earlier.article_id]
        lineage = impact.lineage.model_copy(update={"analysis_id": analysis.analysis_id, "scored_at": now})
        update = {"state": "retracted", "revision": analysis.revision, "lineage": lineage}
        withdrawn.append(impact.model_copy(update=update))
    return withdrawn


def _count(engine: Engine, scored: Sequence[ScoredImpact], rows: Sequence[NewImpact]) -> None:
    metrics = engine.metrics
    scores = {basis: metrics.scores.labels(basis) for basis in BASES}
    within: list[tuple[Basis, bool | None]] = []
    for impact, row in zip(scored, rows, strict=True):
        found = impact.estimate
        if found is None:
            metrics.abstentions.labels(impact.abstain_reason).inc()
        else:
            scores[impact.basis].observe(found.impact_score)
        if row.car is not None:
            inside = None if found is None else lies_within(found.low, found.high, impact.car)
            within.append((impact.basis, inside))
    count_outcomes(engine, within)
    metrics.past_events.set(len(engine.evidence.past))
    metrics.cached_tickers.set(len(engine.prices))
