"""The trail that every contract carries: which rows it came from and when each hop happened."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from common.contracts.timestamps import SafeMoment


class Lineage(BaseModel):
    """Identifiers and UTC times of one article's way; each hop adds its own and keeps the earlier ones."""

    model_config = ConfigDict(extra="ignore")

    article_id: UUID
    story_id: UUID
    analysis_id: UUID | None = None
    impact_id: UUID | None = None
    published_at: SafeMoment
    received_at: SafeMoment
    analysed_at: SafeMoment | None = None
    scored_at: SafeMoment | None = None
    notified_at: SafeMoment | None = None
