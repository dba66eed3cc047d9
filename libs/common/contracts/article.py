"""`Article`: what news ingestion hands to NLP."""

from datetime import UTC
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.lineage import Lineage
from common.contracts.text import Body, Language, Name, Summary, Text, Ticker, Title
from common.contracts.timestamps import SafeMoment

ArticleState = Literal["created", "revised", "retracted"]


class ArticleSource(BaseModel):
    """Where an article came from: the provider's own identifier, when it has one, and its name."""

    id: Name | None = None
    name: Name


class Article(BaseModel):
    """One article as ingestion decided it: cleaned, de-duplicated and placed in a story.

    Notes
    -----
    `revision` starts at 1 and grows by one with every correction; (`article_id`, `revision`) is the natural key
    on which the receiver is idempotent. `novelty` is in [0, 1]: 1 for the first article of a story, then
    0.75 to the power of the number of earlier articles of the story in the 24 hours before.
    """

    model_config = ConfigDict(extra="ignore")

    article_id: UUID
    revision: int = Field(ge=1, le=1_000_000)
    state: ArticleState = "created"
    story_id: UUID
    title: Title
    body: Body | None = None
    summary: Summary | None = None
    url: Text = Field(max_length=2_048)
    author: Name | None = None
    source: ArticleSource | None = None
    language: Language | None = None
    tickers: list[Ticker] = Field(default_factory=list, max_length=100)
    published_at: SafeMoment
    received_at: SafeMoment
    novelty: float = Field(default=1.0, ge=0.0, le=1.0)

    def lineage(self) -> Lineage:
        """Return the trail as it stands when the article leaves ingestion."""
        return Lineage(
            article_id=self.article_id,
            story_id=self.story_id,
            published_at=self.published_at.astimezone(UTC),
            received_at=self.received_at.astimezone(UTC),
        )
