"""`Article`: what news ingestion hands to NLP."""

from datetime import UTC
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.bounds import Listed
from common.contracts.lineage import Lineage
from common.contracts.text import Body, Language, Name, Summary, Text, Ticker, Title
from common.contracts.timestamps import SafeMoment

ArticleState = Literal["created", "revised", "retracted"]


class ArticleSource(BaseModel):
    """Where an article came from: the provider's own identifier, when it has one, and its name."""

    id: Name | None = Field(
        default=None, description="The provider's own identifier of the source; null when it has none."
    )
    name: Name = Field(description="Name of the source, for example a publisher.")


class Article(BaseModel):
    """One article after ingestion: cleaned, de-duplicated and placed in a story.

    Notes
    -----
    `revision` starts at 1 and grows by one with every correction; (`article_id`, `revision`) is the natural key
    on which the receiver is idempotent.
    """

    model_config = ConfigDict(extra="ignore")

    article_id: UUID = Field(description="Identifier of the article, the same in all its revisions.")
    revision: int = Field(
        ge=1, le=1_000_000, description="Number of this revision: 1 at first, increased by one with every correction."
    )
    state: ArticleState = Field(
        default="created",
        description="`created` for a new article, `revised` for a correction, `retracted` for one that was withdrawn.",
    )
    story_id: UUID = Field(
        description="Story that the article belongs to: all articles of a story report the same event."
    )
    title: Title = Field(description="Headline, cleaned.")
    body: Body | None = Field(default=None, description="Full text, cleaned; null when the source has none.")
    summary: Summary | None = Field(
        default=None, description="Summary or teaser, cleaned; null when the source has none."
    )
    url: Text = Field(max_length=2_048, description="Address of the article, as the source gave it.")
    author: Name | None = Field(default=None, description="Author as the source names them; null when unknown.")
    source: ArticleSource | None = Field(
        default=None, description="Where the article came from; null when it was posted without a source."
    )
    language: Language | None = Field(
        default=None, description="ISO 639 code of the language that the source states; null when it states none."
    )
    tickers: Listed[Ticker] = Field(
        default_factory=list, max_length=100, description="Tickers that the source gave the article."
    )
    published_at: SafeMoment = Field(description="When the source published it (RFC 3339).")
    received_at: SafeMoment = Field(description="When this system first received it (RFC 3339).")
    novelty: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="Novelty in [0, 1]: 1 for the first article of a story, then 0.75 to the power of the number of "
        "the story's earlier articles in the 24 hours before.",
    )

    def lineage(self) -> Lineage:
        """Return the trail as it stands when the article leaves ingestion."""
        return Lineage(
            article_id=self.article_id,
            story_id=self.story_id,
            published_at=self.published_at.astimezone(UTC),
            received_at=self.received_at.astimezone(UTC),
        )
