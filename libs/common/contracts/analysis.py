"""`Analysis`: what NLP found in an article, and hands to market impact."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.article import ArticleState
from common.contracts.lineage import Lineage
from common.contracts.text import Language, Mic, Name, Ticker, Title

SentimentLabel = Literal["positive", "neutral", "negative"]
EntityType = Literal["company", "organisation", "person", "place", "currency", "commodity", "index", "product"]
TextField = Literal["title", "summary", "body"]


class Sentiment(BaseModel):
    """Calibrated class probabilities and the score they give.

    Notes
    -----
    `score` = `positive` - `negative`, in [-1, 1]; the three probabilities sum to 1.
    """

    label: SentimentLabel
    score: float = Field(ge=-1.0, le=1.0)
    positive: float = Field(ge=0.0, le=1.0)
    neutral: float = Field(ge=0.0, le=1.0)
    negative: float = Field(ge=0.0, le=1.0)


class Span(BaseModel):
    """A stretch of one field: `start` and `end` are character offsets, `end` exclusive."""

    field: TextField
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class EvidenceSpan(Span):
    """A stretch that moved the score: `weight` > 0 pushes it up, < 0 down; `negated` when a negation turned it."""

    weight: float
    negated: bool = False


class Entity(BaseModel):
    """A named thing in the text; a `company` is a listed organisation and carries its `ticker`.

    Notes
    -----
    `relevance` is in [0, 1]: 1 for the subject of the headline, near 0 for a passing mention deep in the body.
    """

    model_config = ConfigDict(extra="ignore")

    name: Name
    type: EntityType
    ticker: Ticker | None = None
    mic: Mic | None = None
    cik: int | None = None
    relevance: float = Field(ge=0.0, le=1.0)
    sentiment: Sentiment
    mentions: list[Span] = Field(default_factory=list)


class TopicScore(BaseModel):
    """A topic of the taxonomy with its calibrated probability."""

    topic: str
    score: float = Field(ge=0.0, le=1.0)


class EventScore(BaseModel):
    """An event type of the taxonomy with its confidence."""

    type: str
    score: float = Field(ge=0.0, le=1.0)


class Analysis(BaseModel):
    """The analysis of one revision of one article; its natural key is (`article_id`, `revision`).

    Notes
    -----
    `state` repeats the article's: a `retracted` article hands on an analysis without entities, so that what was
    built on it downstream is withdrawn too. `abstained` says that the models declined to score, `abstain_reason` why.
    """

    model_config = ConfigDict(extra="ignore")

    analysis_id: UUID
    article_id: UUID
    revision: int = Field(ge=1)
    state: ArticleState = "created"
    title: Title
    url: str | None = None
    source_name: str | None = None
    language: Language
    sentiment: Sentiment
    entities: list[Entity] = Field(default_factory=list)
    topics: list[TopicScore] = Field(default_factory=list)
    events: list[EventScore] = Field(default_factory=list)
    evidence: list[EvidenceSpan] = Field(default_factory=list)
    novelty: float = Field(default=1.0, ge=0.0, le=1.0)
    abstained: bool = False
    abstain_reason: str | None = None
    model_versions: dict[str, str]
    lineage: Lineage
