"""`Analysis`: what NLP found in an article, and hands to market impact."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.article import ArticleState
from common.contracts.lineage import Lineage
from common.contracts.text import Language, Mic, Name, Text, Ticker, Title

SentimentLabel = Literal["positive", "neutral", "negative"]
EntityType = Literal["company", "organisation", "person", "place", "currency", "commodity", "index", "product"]
TextField = Literal["title", "summary", "body"]
EventRoleName = Literal[
    "company",
    "acquirer",
    "target",
    "seller",
    "broker",
    "rating",
    "previous_rating",
    "rating_agency",
    "regulator",
    "plaintiff",
    "defendant",
    "person",
    "position",
    "partner",
    "customer",
    "holder",
]
MagnitudeKind = Literal[
    "price_target",
    "earnings_per_share",
    "earnings_surprise",
    "revenue",
    "net_income",
    "earnings_per_share_guidance",
    "revenue_guidance",
    "guidance",
    "previous_guidance",
    "percent_change",
    "dividend",
    "buyback_size",
    "deal_value",
    "price_per_share",
    "stake",
    "offering_size",
    "debt_size",
    "headcount",
    "fine",
    "recall_size",
    "contract_value",
    "split_ratio",
    "rate_change",
]


class Sentiment(BaseModel):
    """Calibrated class probabilities and the score.

    Notes
    -----
    The three probabilities sum to 1. `score` in [-1, 1] says how good or bad the news is: what a reader who grades
    headlines would give. The fast tier, which grades nothing, gives `positive` - `negative`.
    """

    model_config = ConfigDict(allow_inf_nan=False)

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
    # A quotation: as it stands there, which has been cleaned itself.
    text: str


class EvidenceSpan(Span):
    """A stretch that moved the score: `weight` > 0 pushes it up, < 0 down.

    Notes
    -----
    `negated` when it stands under a negation, `hedged` when the text only says that it may be so.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    weight: float
    negated: bool = False
    hedged: bool = False


class Meaning(BaseModel):
    """A security that an ambiguous name may mean."""

    name: Name
    ticker: Ticker | None = None
    mic: Mic | None = None
    cik: int | None = None


class Entity(BaseModel):
    """A named thing in the text; a `company` is a listed organisation and carries its `ticker`.

    Notes
    -----
    `relevance` is in [0, 1]: 1 for the subject of the headline, near 0 for a passing mention deep in the body.
    `meanings` lists what an ambiguous name may mean: then no `ticker` is given, as it would be a guess.
    """

    model_config = ConfigDict(allow_inf_nan=False, extra="ignore")

    name: Name
    type: EntityType
    ticker: Ticker | None = None
    mic: Mic | None = None
    cik: int | None = None
    relevance: float = Field(ge=0.0, le=1.0)
    sentiment: Sentiment
    mentions: list[Span] = Field(default_factory=list)
    meanings: list[Meaning] = Field(default_factory=list, max_length=20)


class TopicScore(BaseModel):
    """A topic of the taxonomy with its calibrated probability."""

    model_config = ConfigDict(allow_inf_nan=False)

    topic: Text
    score: float = Field(ge=0.0, le=1.0)


class EventRole(BaseModel):
    """Who takes which part in an event; `ticker` where the name is linked to a security, `span` where it stands."""

    role: EventRoleName
    name: Name
    ticker: Ticker | None = None
    span: Span


class Magnitude(BaseModel):
    """A number of an event.

    Notes
    -----
    `unit` is an ISO 4217 code, `percent`, `shares`, `people`, `units` or `ratio`; scale words and cents are resolved
    in `value`. `from` and `to` are the old and the new value of a change (`value` is the new one), and for guidance the
    ends of the range (`value` is its middle); the range that it replaces is a `previous_guidance`. `expected` is what
    analysts expected. Losses and falls are negative.
    """

    model_config = ConfigDict(
        allow_inf_nan=False, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    kind: MagnitudeKind
    value: float
    unit: Text
    from_: float | None = Field(default=None, alias="from")
    to: float | None = None
    expected: float | None = None
    span: Span


class EventScore(BaseModel):
    """An event type of the taxonomy with its confidence.

    Notes
    -----
    A `negated` event is one that the text says does not happen ("no plans to buy back shares"): its score is low, and
    filters and the services downstream pass it over. A `hedged` one is reported as possible only ("may acquire").
    """

    model_config = ConfigDict(allow_inf_nan=False)

    type: Text
    score: float = Field(ge=0.0, le=1.0)
    negated: bool = False
    hedged: bool = False
    roles: list[EventRole] = Field(default_factory=list)
    magnitudes: list[Magnitude] = Field(default_factory=list)


class Analysis(BaseModel):
    """The analysis of one revision of one article; its natural key is (`article_id`, `revision`).

    Notes
    -----
    `state` repeats the article's: a `retracted` article hands on an analysis without entities, so that what was
    built on it downstream is withdrawn too. `abstained` says that the models declined to score, `abstain_reason` why.
    `ambiguity` is the Jensen-Shannon divergence, in bits, of what the two tiers think: 0 where they agree, None where
    only one was asked.
    """

    model_config = ConfigDict(allow_inf_nan=False, extra="ignore")

    analysis_id: UUID
    article_id: UUID
    revision: int = Field(ge=1, le=1_000_000)
    state: ArticleState = "created"
    title: Title
    url: Text | None = None
    source_name: Text | None = None
    language: Language
    sentiment: Sentiment
    entities: list[Entity] = Field(default_factory=list)
    topics: list[TopicScore] = Field(default_factory=list)
    events: list[EventScore] = Field(default_factory=list)
    evidence: list[EvidenceSpan] = Field(default_factory=list)
    novelty: float = Field(default=1.0, ge=0.0, le=1.0)
    abstained: bool = False
    abstain_reason: Text | None = None
    ambiguity: float | None = Field(default=None, ge=0.0, le=1.0)
    model_versions: dict[Text, Text]
    lineage: Lineage

    def stated_events(self) -> list[EventScore]:
        """Return the events that the text does not deny, the surest first."""
        return [event for event in self.events if not event.negated]
