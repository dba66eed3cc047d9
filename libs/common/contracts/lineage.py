"""The trail that every contract carries: which rows it came from and when each hop happened."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.timestamps import SafeMoment


class Lineage(BaseModel):
    """Identifiers and UTC times of one article's path through the pipeline; each hop adds to the earlier ones."""

    model_config = ConfigDict(extra="ignore")

    article_id: UUID = Field(description="Article at the start of the trail.")
    story_id: UUID = Field(description="Story of the article.")
    analysis_id: UUID | None = Field(default=None, description="Analysis of the article; null before NLP.")
    impact_id: UUID | None = Field(
        default=None, description="Impact estimated from the analysis; null before market impact."
    )
    published_at: SafeMoment = Field(description="When the source published the article (RFC 3339).")
    received_at: SafeMoment = Field(description="When news ingestion received it (RFC 3339).")
    analysed_at: SafeMoment | None = Field(
        default=None, description="When NLP had analysed it (RFC 3339); null before."
    )
    scored_at: SafeMoment | None = Field(
        default=None, description="When market impact had estimated its effect (RFC 3339); null before."
    )
    notified_at: SafeMoment | None = Field(
        default=None, description="When receivers were first notified (RFC 3339); null before."
    )

    def told_at(self, notices: Iterable[datetime]) -> datetime | None:
        """Return when receivers were first notified of the impact as it is now; None before.

        Parameters
        ----------
        notices : when notices of its alert were delivered, the earliest first, those of older revisions among them.
        """
        return next((one for one in notices if self.scored_at is None or one >= self.scored_at), None)
