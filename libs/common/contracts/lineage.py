"""The trail that every contract carries: which rows it came from and when each hop happened."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from common.moments import UTCMoment


class Lineage(BaseModel):
    """Identifiers and UTC times of one article's way; each hop adds its own and keeps the earlier ones."""

    model_config = ConfigDict(extra="ignore")

    article_id: UUID
    story_id: UUID
    analysis_id: UUID | None = None
    impact_id: UUID | None = None
    published_at: UTCMoment
    received_at: UTCMoment
    analysed_at: UTCMoment | None = None
    scored_at: UTCMoment | None = None
    notified_at: UTCMoment | None = None
