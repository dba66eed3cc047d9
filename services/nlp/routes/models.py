"""Models with their cards, taxonomies, and the self-check."""

from typing import Annotated

from fastapi import Path, Query

from common.api.routing import service_router
from common.errors import problems
from common.gateway import NLP
from nlp import served_models
from nlp.artefacts import load_manifest
from nlp.dependencies import EngineDep
from nlp.schemas import EventTaxonomy, ModelRead, Models, SelfcheckRead, TopicTaxonomy
from nlp.text_input import Taxonomy

router = service_router(NLP, "models", "The models with their cards, the taxonomies, and the self-check.")


@router.get("/models")
async def list_models() -> Models:
    """List the models in use with their cards: scores, data, and the licence of each data set.

    Some data are non-commercial (`non_commercial_data`): check whether your use of a model trained on them is allowed.
    """
    return Models(data=[ModelRead.from_card(card) for card in load_manifest().values()])


@router.get("/models/{version}", responses=problems(404))
async def read_model(
    version: Annotated[str, Path(max_length=100, description="Version of the model, at most 100 characters.")],
) -> ModelRead:
    """Return the card of one model version."""
    return ModelRead.from_card(served_models.required_card(version))


@router.get("/taxonomy/topics")
async def read_topics(
    engine: EngineDep, taxonomy: Annotated[Taxonomy, Query(description="Taxonomy whose topics are listed.")] = "market"
) -> TopicTaxonomy:
    """List the topics of a taxonomy: `market`, the default, or `reuters`, the codes of Reuters-21578."""
    return served_models.topic_taxonomy(engine, taxonomy)


@router.get("/taxonomy/events")
async def read_events(engine: EngineDep) -> EventTaxonomy:
    """List the event types."""
    return served_models.event_taxonomy(engine)


@router.post("/selfcheck")
async def check_models(engine: EngineDep) -> SelfcheckRead:
    """Analyse the golden corpus: 200 with figures when every result is as frozen, else 503 with the differences.

    Use it as a gate for rollouts: it fails when the models in use are not those that were measured. The metric
    `nlp_selfcheck_ok` holds the outcome of the last run.
    """
    return await served_models.check_models(engine)
