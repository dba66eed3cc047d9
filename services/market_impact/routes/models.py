"""The estimators of this service."""

from common.api.routing import service_router
from common.gateway import MARKET_IMPACT
from market_impact.dependencies import EngineDep
from market_impact.impacts.model_card import active_model_card
from market_impact.schemas import ModelList

router = service_router(
    MARKET_IMPACT, "models", "The estimators, each with a card that says how it was made and measured."
)


@router.get("/models")
async def list_models(engine: EngineDep) -> ModelList:
    """List the estimators with their cards: what each is, what it learned from, what it is not for."""
    return ModelList(data=[active_model_card(engine)])
