"""`Analysis`: what NLP found in an article, and hands to market impact."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.article import ArticleState
from common.contracts.bounds import Found, Listed, entries_up_to
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
    """Calibrated class probabilities and the score."""

    model_config = ConfigDict(allow_inf_nan=False)

    label: SentimentLabel = Field(description="The most probable class.")
    score: float = Field(
        ge=-1.0,
        le=1.0,
        description="How good or bad the news is, in [-1, 1], as a human rater of headlines would grade it. In "
        "the fast tier, it is `positive` - `negative`.",
    )
    positive: float = Field(ge=0.0, le=1.0, description="Calibrated probability of `positive`, in [0, 1].")
    neutral: float = Field(ge=0.0, le=1.0, description="Calibrated probability of `neutral`, in [0, 1].")
    negative: float = Field(
        ge=0.0, le=1.0, description="Calibrated probability of `negative`, in [0, 1]; the three sum to 1."
    )


class Span(BaseModel):
    """A span of one field: `start` and `end` are character offsets, `end` exclusive."""

    field: TextField = Field(description="Field of the article that the span is in.")
    start: int = Field(ge=0, description="Offset of its first character, from 0.")
    end: int = Field(ge=0, description="Offset after its last character.")
    # A quotation: as it stands there, which has been cleaned itself.
    text: str = Field(description="Text of the span.")


class EvidenceSpan(Span):
    """A span that moved the score: `weight` > 0 raises it, < 0 lowers it."""

    model_config = ConfigDict(allow_inf_nan=False)

    weight: float = Field(
        description="Share of the score that the span accounts for: above 0 it raises the score, below 0 it lowers it."
    )
    negated: bool = Field(default=False, description="Whether it is negated.")
    hedged: bool = Field(default=False, description="Whether the text reports it only as possible.")


class Meaning(BaseModel):
    """A security that an ambiguous name may mean."""

    name: Name = Field(description="Name of the security's issuer.")
    ticker: Ticker | None = Field(default=None, description="Ticker of the security; null when unknown.")
    mic: Mic | None = Field(
        default=None, description="Market identifier code (ISO 10383) of its listing; null when unknown."
    )
    cik: int | None = Field(
        default=None, description="Central Index Key of the issuer at the SEC; null when it has none."
    )


class Entity(BaseModel):
    """A named thing in the text; a `company` is a listed organisation and carries its `ticker`.

    Notes
    -----
    `meanings` lists what an ambiguous name may mean: then no `ticker` is given, as it would be a guess.
    """

    model_config = ConfigDict(allow_inf_nan=False, extra="ignore")

    name: Name = Field(description="Canonical name of the entity.")
    type: EntityType = Field(description="Kind of entity; a `company` is a listed organisation.")
    ticker: Ticker | None = Field(
        default=None, description="Ticker of the security; null when the entity is not listed or its name is ambiguous."
    )
    mic: Mic | None = Field(
        default=None, description="Market identifier code (ISO 10383) of its listing; null when unknown."
    )
    cik: int | None = Field(
        default=None, description="Central Index Key of the issuer at the SEC; null when it has none."
    )
    relevance: float = Field(
        ge=0.0,
        le=1.0,
        description="Relevance in [0, 1]: 1 for the subject of the headline, near 0 for a passing mention deep in the "
        "body.",
    )
    sentiment: Sentiment = Field(description="Sentiment of the text towards this entity.")
    mentions: Found[Span] = Field(default_factory=list, description="Where the text names the entity.")
    meanings: Listed[Meaning] = Field(
        default_factory=list,
        max_length=20,
        description="What an ambiguous name may mean; empty when it is not ambiguous.",
    )


class TopicScore(BaseModel):
    """A topic of the taxonomy with its calibrated probability."""

    model_config = ConfigDict(allow_inf_nan=False)

    topic: Text = Field(description="Topic of the taxonomy.")
    score: float = Field(ge=0.0, le=1.0, description="Calibrated probability of the topic, in [0, 1].")


class EventRole(BaseModel):
    """A participant of an event and its role; `ticker` is set when the name is linked to a security."""

    role: EventRoleName = Field(description="Role of the entity in the event.")
    name: Name = Field(description="Name of the entity, as it is written or as it is known.")
    ticker: Ticker | None = Field(
        default=None, description="Ticker of the security that the name is linked to; null when it is linked to none."
    )
    span: Span = Field(description="Where the name occurs.")


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

    kind: MagnitudeKind = Field(description="What the number measures.")
    value: float = Field(
        description="The number in `unit`, with scale words and cents resolved; losses and falls are negative. For a "
        "range it is the middle, for a change the new value."
    )
    unit: Text = Field(
        description="Unit of the number: an ISO 4217 currency code, `percent`, `shares`, `people`, `units` or `ratio`."
    )
    from_: float | None = Field(
        default=None,
        alias="from",
        description="Old value of a change, or lower end of a range, in `unit`; null when the text gives none.",
    )
    to: float | None = Field(
        default=None,
        description="New value of a change, or upper end of a range, in `unit`; null when the text gives none.",
    )
    expected: float | None = Field(
        default=None, description="What analysts expected, in `unit`; null when the text does not say."
    )
    span: Span = Field(description="Where the number occurs.")


class EventScore(BaseModel):
    """An event type of the taxonomy with its confidence.

    Notes
    -----
    A `negated` event is one that the text says does not happen ("no plans to buy back shares"): its score is low, and
    filters and downstream services ignore it. A `hedged` one is reported only as possible ("may acquire").
    """

    model_config = ConfigDict(allow_inf_nan=False)

    type: Text = Field(description="Event type of the taxonomy.")
    score: float = Field(ge=0.0, le=1.0, description="Confidence that the text reports the event, in [0, 1].")
    negated: bool = Field(
        default=False,
        description="Whether the text says that the event does not happen; such an event has a low score.",
    )
    hedged: bool = Field(default=False, description="Whether the text reports the event only as possible.")
    roles: Found[EventRole] = Field(default_factory=list, description="Participants of the event and their roles.")
    magnitudes: Found[Magnitude] = Field(default_factory=list, description="Numbers of the event.")


class Analysis(BaseModel):
    """The analysis of one revision of one article; its natural key is (`article_id`, `revision`).

    Notes
    -----
    `state` repeats the article's: a `retracted` article hands on an analysis without entities, so that what was
    built on it downstream is withdrawn too.
    """

    model_config = ConfigDict(allow_inf_nan=False, extra="ignore")

    analysis_id: UUID = Field(description="Identifier of the analysis.")
    article_id: UUID = Field(description="Article that was analysed.")
    revision: int = Field(ge=1, le=1_000_000, description="Revision of the article that was analysed, from 1.")
    state: ArticleState = Field(
        default="created", description="State of that revision; the analysis of a `retracted` article has no entities."
    )
    title: Title = Field(description="Headline of the article.")
    url: Text | None = Field(default=None, description="Address of the article; null when it has none.")
    source_name: Text | None = Field(default=None, description="Name of the source; null when unknown.")
    language: Language = Field(description="ISO 639 code of the detected language.")
    sentiment: Sentiment = Field(description="Sentiment of the whole text.")
    entities: Found[Entity] = Field(default_factory=list, description="Entities that the text names.")
    topics: Found[TopicScore] = Field(default_factory=list, description="Topics of the text.")
    events: Found[EventScore] = Field(
        default_factory=list, description="Events that the text reports, denied ones included."
    )
    evidence: Found[EvidenceSpan] = Field(
        default_factory=list, description="Spans of text that moved the sentiment score."
    )
    novelty: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Novelty of the article in [0, 1]: 1 for the first one of its story."
    )
    abstained: bool = Field(default=False, description="Whether the models declined to score the text.")
    abstain_reason: Text | None = Field(default=None, description="Why they declined; null when they did not.")
    ambiguity: float | None = Field(
        default=None,
        ge=0.0,
        le=1.0,
        description="Jensen-Shannon divergence in bits, in [0, 1], between the sentiments of the two tiers: 0 "
        "when they agree, null when only one tier was used.",
    )
    model_versions: Annotated[dict[Text, Text], entries_up_to(100)] = Field(
        max_length=100, description="Version of each model used, by model name."
    )
    lineage: Lineage = Field(description="Trail of the article up to this analysis.")

    def stated_events(self) -> list[EventScore]:
        """Return the events that the text does not deny, the surest first."""
        return [event for event in self.events if not event.negated]
