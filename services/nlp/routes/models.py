"""Models with their cards, taxonomies, and the self-check."""

from typing import Annotated, Literal

from fastapi import Path, Query

from common.api.routing import service_router
from common.contracts.batch import ErrorDetail
from common.errors import NotFound, Unavailable, problems
from common.gateway import NLP
from nlp.artefacts import load_manifest
from nlp.dependencies import EngineDep
from nlp.events.patterns import event_types
from nlp.schemas import EventRead, EventTaxonomy, ModelRead, Models, SelfcheckRead, TopicRead, TopicTaxonomy
from nlp.topics.market import market_topics

router = service_router(NLP, "models", "The models with their cards, the taxonomies, and the self-check.")


@router.get("/models")
async def list_models() -> Models:
    """List the models in use with their cards: scores, data, and the licence of each data set.

    Some data are non-commercial (`non_commercial_data`): check whether your use of a model trained on them is allowed.
    """
    return Models(data=[ModelRead.from_card(card) for card in load_manifest().values()])


@router.get("/models/{version}", responses=problems(404))
async def read_model(version: Annotated[str, Path(max_length=100)]) -> ModelRead:
    """Return the card of one model version."""
    for card in load_manifest().values():
        if card.version == version:
            return ModelRead.from_card(card)
    raise NotFound.of("model version", version)


@router.get("/taxonomy/topics")
async def read_topics(
    engine: EngineDep, taxonomy: Annotated[Literal["market", "reuters"], Query()] = "market"
) -> TopicTaxonomy:
    """List the topics of a taxonomy: `market`, the default, or `reuters`, the codes of Reuters-21578."""
    version = engine.thread.model_versions["topics" if taxonomy == "market" else "reuters"]
    if taxonomy == "market":
        topics = [
            TopicRead(topic=topic.code, name=topic.name, alpha_vantage=topic.alpha_vantage) for topic in market_topics()
        ]
    else:
        topics = [TopicRead(topic=code, name=code) for code in engine.thread.analyser.reuters_codes]
    return TopicTaxonomy(taxonomy=taxonomy, version=version, data=topics)


@router.get("/taxonomy/events")
async def read_events(engine: EngineDep) -> EventTaxonomy:
    """List the event types."""
    events = [EventRead(type=event.type, description=event.description) for event in event_types()]
    return EventTaxonomy(version=engine.thread.model_versions["events"], data=events)


@router.post("/selfcheck")
async def check_models(engine: EngineDep) -> SelfcheckRead:
    """Analyse the golden corpus: 200 with figures when every result is as frozen, else 503 with the differences.

    Use it as a gate for rollouts: it fails when the models in use are not those that were measured. The metric
    `nlp_selfcheck_ok` holds the outcome of the last run.
    """
    report = await engine.thread.selfcheck()
    if report.differences:
        raise Unavailable(
            f"{len(report.differences)} results on the golden corpus differ from the frozen ones.",
            code="selfcheck_failed",
            errors=[
                ErrorDetail(loc=[one.id, one.field], msg=one.message, type="golden_difference")
                for one in report.differences[:100]
            ],
        )
    return SelfcheckRead(
        texts=report.n_texts,
        passed=report.n_texts,
        label_accuracy=round(report.label_accuracy, 4),
        ticker_recall=round(report.ticker_recall, 4),
        max_score_drift=report.drift,
        model_versions=engine.thread.model_versions,
    )
