"""Settings of NLP."""

from pydantic import Field

from common.gateway import NLP
from common.settings import ServiceSettings
from nlp.tiers import Tier


class Settings(ServiceSettings):
    """What NLP is configured by, besides what every service is."""

    service = NLP

    nlp_model: Tier = Field(
        default="deep",
        description="Tier of the sentiment model: `deep` reads word order with a small encoder, blended with `fast`, "
        "which is linear and costs microseconds a headline.",
    )
    nlp_chunk_size: int = Field(
        default=50,
        ge=1,
        le=500,
        description="Texts analysed at a time in the worker thread, so that requests interleave.",
    )
    nlp_alias_refresh_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between looks for aliases that users have added through another replica.",
    )
    nlp_drift_window: int = Field(
        default=1_000,
        ge=200,
        le=1_000_000,
        description="Latest texts that the drift metrics `nlp_score_psi` and `nlp_abstain_ratio` look back on.",
    )
