"""Settings of NLP."""

from pydantic import Field

from common.gateway import NLP
from common.settings import ServiceSettings
from nlp.tiers import Tier


class Settings(ServiceSettings):
    """Settings of NLP, in addition to those of every service."""

    service = NLP

    nlp_model: Tier = Field(
        default="deep",
        description="Tier of the sentiment model. `fast` is linear and takes microseconds per headline. `deep` "
        "blends it with a small encoder that takes word order into account.",
    )
    nlp_chunk_size: int = Field(
        default=50,
        ge=1,
        le=500,
        description="Texts per chunk in the worker thread. Requests take turns between chunks.",
    )
    nlp_alias_refresh_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Polling interval in seconds for aliases that users added through other replicas.",
    )
    nlp_drift_window: int = Field(
        default=1_000,
        ge=200,
        le=1_000_000,
        description="Number of latest texts that the drift metrics `nlp_score_psi` and `nlp_abstain_ratio` cover.",
    )
