"""The wire forms of NLP besides the contracts."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from common.contracts import Article, Entity, EntityType, EventScore, EvidenceSpan, Sentiment, Tolerant, TopicScore
from common.contracts.batch import MAX_BATCH_ITEMS
from common.contracts.text import Language, Name, Text, without_control_characters
from nlp.artefacts import ArtefactCard

AnyText = Annotated[str, AfterValidator(without_control_characters), StringConstraints(max_length=1_000_000)]


class ArticleBatch(BaseModel):
    """A hand-over from news ingestion."""

    articles: list[Tolerant[Article]] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class TextToAnalyse(BaseModel):
    """A text to analyse without storing it."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        default=None,
        description="Your own identifier; it comes back as it is. When absent, the text's position in the request.",
    )
    title: AnyText = Field(
        description="The headline, or the whole text; its first 1,000 characters are scored, the first 5,000 searched."
    )
    body: AnyText | None = Field(default=None, description="The text below; its first 20,000 characters are read.")
    entity: Name | None = Field(
        default=None, description="A name in the text: `sentiment` is then the sentiment toward it."
    )
    language: Language | None = Field(default=None, description="What the publisher says; the text itself wins.")


class TextBatch(BaseModel):
    """Texts to analyse, at most 500."""

    texts: list[TextToAnalyse] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)
    taxonomy: Literal["market", "reuters"] = Field(
        default="market", description="`reuters` answers topics with the codes of Reuters-21578."
    )


class CounterfactualRead(BaseModel):
    """The score of a text without one stretch of its evidence."""

    evidence: int = Field(description="Position of the stretch in `evidence`, from 0.")
    score: float = Field(ge=-1.0, le=1.0, description="`sentiment.score` as it would be without the stretch.")
    change: float = Field(description="That score minus the score with it.")


class TextAnalysisRead(BaseModel):
    """The analysis of a text that is not stored: an `Analysis` without the identifiers of an article."""

    id: str
    language: Language
    sentiment: Sentiment
    entities: list[Entity]
    topics: list[TopicScore]
    events: list[EventScore]
    evidence: list[EvidenceSpan]
    counterfactuals: list[CounterfactualRead] = Field(
        default_factory=list, description="One for each stretch of evidence, when `counterfactual` is asked for."
    )
    novelty: float = Field(default=1.0, description="Always 1: novelty needs a story.")
    abstained: bool
    abstain_reason: str | None
    ambiguity: float | None
    model_versions: dict[str, str]


class TextAnalyses(BaseModel):
    """The analyses in the order of the texts."""

    data: list[TextAnalysisRead]


class EntityRead(BaseModel):
    """An entity of the gazetteer; `until` is the day from which it was no longer traded under `ticker`."""

    entity_id: str
    name: str
    type: EntityType
    ticker: str | None
    mic: str | None
    cik: int | None
    sector: str | None
    until: str | None
    successor: str | None = Field(description="The entity that it became.")
    user_aliases: list[str] = Field(description="Names added by users, besides those shipped.")


class AliasesUpdate(BaseModel):
    """All the names that users give to an entity; an empty list takes them away."""

    aliases: list[Annotated[Name, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]] = Field(
        max_length=50
    )


class NamesToResolve(BaseModel):
    """Names or symbols, each looked up alone, without the context of a text."""

    names: list[Name] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class CandidateRead(BaseModel):
    """A meaning of a name; `confidence` in [0, 1] is that of the name alone."""

    entity_id: str
    name: str
    type: EntityType
    ticker: str | None
    mic: str | None
    cik: int | None
    confidence: float


class ResolutionRead(BaseModel):
    """What a name may mean; `entity` is set only when one meaning stands out."""

    query: str
    ambiguous: bool
    entity: CandidateRead | None
    candidates: list[CandidateRead]


class Resolutions(BaseModel):
    """The resolutions in the order of the names."""

    data: list[ResolutionRead]


class TopicRead(BaseModel):
    """A topic; `alpha_vantage` is the code of the same topic there, where it has one."""

    topic: str
    name: str
    alpha_vantage: str | None = None


class TopicTaxonomy(BaseModel):
    """A taxonomy of topics with its version."""

    taxonomy: Literal["market", "reuters"]
    version: str
    data: list[TopicRead]


class EventRead(BaseModel):
    """An event type."""

    type: str
    description: str


class EventTaxonomy(BaseModel):
    """The taxonomy of events with its version."""

    version: str
    data: list[EventRead]


class TrainingData(BaseModel):
    """A data set that a model was trained on, with the licence its publisher states."""

    name: str
    licence: str
    non_commercial: bool


class ModelRead(BaseModel):
    """A model's card."""

    name: str
    version: str
    subject: str
    active: bool
    data: list[TrainingData]
    non_commercial_data: bool = Field(description="Whether any of the data may not be used commercially.")
    scores: dict[str, float] = Field(
        description="Measured on a validation part that the weights never saw; the temperature was fitted on it, so "
        "calibration errors (`ece`) and squared errors (`mse`) are on the optimistic side."
    )
    file: str
    sha256: str
    n_bytes: int

    @classmethod
    def from_card(cls, card: ArtefactCard) -> "ModelRead":
        """Return the wire form of a shipped artefact's card."""
        shipped = {
            "name": card.name,
            "version": card.version,
            "active": True,
            "file": card.file,
            "sha256": card.sha256,
            "n_bytes": card.n_bytes,
        }
        return cls.model_validate({**shipped, **card.card})


class Models(BaseModel):
    """The models at work."""

    data: list[ModelRead]


class SelfcheckRead(BaseModel):
    """What the golden corpus gave."""

    texts: int
    passed: int
    label_accuracy: float
    ticker_recall: float
    max_score_drift: float = Field(description="Largest difference from the frozen scores; 0 when nothing has changed.")
    model_versions: dict[str, str]
