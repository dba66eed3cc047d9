"""Request and response bodies of NLP, other than the contracts."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from common.contracts import Article, Entity, EntityType, EventScore, EvidenceSpan, Sentiment, Tolerant, TopicScore
from common.contracts.batch import MAX_BATCH_ITEMS
from common.contracts.bounds import Listed
from common.contracts.text import Language, Name, Text, without_control_characters
from nlp.artefacts import ArtefactCard

AnyText = Annotated[str, AfterValidator(without_control_characters), StringConstraints(max_length=1_000_000)]


class ArticleBatch(BaseModel):
    """A hand-over from news ingestion."""

    articles: list[Tolerant[Article]] = Field(
        min_length=1, max_length=MAX_BATCH_ITEMS, description="1 to 500 articles."
    )


class TextToAnalyse(BaseModel):
    """A text to analyse without storing it."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        default=None,
        description="Your own identifier, returned unchanged. When absent, the position of the text in the request.",
    )
    title: AnyText = Field(
        description="The headline, or the whole text; its first 1,000 characters are scored, the first 5,000 searched."
    )
    body: AnyText | None = Field(
        default=None, description="The text below the title; its first 20,000 characters are read."
    )
    entity: Name | None = Field(
        default=None, description="A name in the text: `sentiment` is then the sentiment toward it."
    )
    language: Language | None = Field(
        default=None,
        description="Language that the publisher states; the language detected in the text takes precedence.",
    )


class TextBatch(BaseModel):
    """Texts to analyse, at most 500."""

    texts: Listed[TextToAnalyse] = Field(min_length=1, max_length=MAX_BATCH_ITEMS, description="1 to 500 texts.")
    taxonomy: Literal["market", "reuters"] = Field(
        default="market", description="With `reuters`, topics are the codes of Reuters-21578."
    )


class CounterfactualRead(BaseModel):
    """The score of a text without one span of its evidence."""

    evidence: int = Field(description="Position of the span in `evidence`, from 0.")
    score: float = Field(ge=-1.0, le=1.0, description="`sentiment.score` as it would be without the span.")
    change: float = Field(description="That score minus the score with the span.")


class TextAnalysisRead(BaseModel):
    """The analysis of a text that is not stored: an `Analysis` without the identifiers of an article."""

    id: str = Field(description="Your identifier of the text, or its position in the request.")
    language: Language = Field(description="ISO 639 code of the language that was detected.")
    sentiment: Sentiment = Field(description="Sentiment of the text, or toward `entity` when one was asked about.")
    entities: list[Entity] = Field(description="Entities named in the text, the most relevant first.")
    topics: list[TopicScore] = Field(description="Topics of the text, the likeliest first.")
    events: list[EventScore] = Field(description="Events that the text reports.")
    evidence: list[EvidenceSpan] = Field(description="Spans of the title that the sentiment is based on.")
    counterfactuals: list[CounterfactualRead] = Field(
        default_factory=list, description="One for each span of evidence, when `counterfactual` is requested."
    )
    novelty: float = Field(default=1.0, description="Always 1: novelty needs a story.")
    abstained: bool = Field(description="Whether the models declined to score.")
    abstain_reason: str | None = Field(description="Why they declined; null when they did not.")
    ambiguity: float | None = Field(
        description="Jensen-Shannon divergence in bits, in [0, 1], between the sentiments of the two tiers; null when "
        "only one tier was used."
    )
    model_versions: dict[str, str] = Field(description="Version of each model in use, by part.")


class TextAnalyses(BaseModel):
    """The analyses in the order of the texts."""

    data: list[TextAnalysisRead] = Field(description="One analysis per text, in the order of the request.")


class EntityRead(BaseModel):
    """An entity of the gazetteer; `until` is the day from which it was no longer traded under `ticker`."""

    entity_id: str = Field(description="Identifier in the gazetteer, for example `company-320193`.")
    name: str = Field(description="Usual name.")
    type: EntityType = Field(description="Kind of entity.")
    ticker: str | None = Field(description="Ticker; null when it has none.")
    mic: str | None = Field(description="ISO 10383 code of the market of the ticker; null when unknown.")
    cik: int | None = Field(description="SEC's Central Index Key; null when it has none.")
    sector: str | None = Field(description="Sector of a company; null when unknown.")
    until: str | None = Field(
        description="First day on which it no longer traded under `ticker` (ISO 8601); null while it does."
    )
    successor: str | None = Field(description="The entity that it became.")
    user_aliases: list[str] = Field(description="Names added by users, besides those shipped.")


class AliasesUpdate(BaseModel):
    """All user-defined names of an entity; an empty list removes them."""

    aliases: Listed[Annotated[Name, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]] = Field(
        max_length=50, description="At most 50 names of 2 to 100 characters."
    )


class NamesToResolve(BaseModel):
    """Names or symbols, each looked up alone, without the context of a text."""

    names: Listed[Name] = Field(min_length=1, max_length=MAX_BATCH_ITEMS, description="1 to 500 names or symbols.")


class CandidateRead(BaseModel):
    """A meaning of a name; `confidence` in [0, 1] is that of the name alone."""

    entity_id: str = Field(description="Identifier in the gazetteer.")
    name: str = Field(description="Usual name.")
    type: EntityType = Field(description="Kind of entity.")
    ticker: str | None = Field(description="Ticker; null when it has none.")
    mic: str | None = Field(description="ISO 10383 code of the market of the ticker; null when unknown.")
    cik: int | None = Field(description="SEC's Central Index Key; null when it has none.")
    confidence: float = Field(description="Confidence that the name alone means this entity, in [0, 1].")


class ResolutionRead(BaseModel):
    """What a name may mean; `entity` is set only when one meaning stands out."""

    query: str = Field(description="The name as it was given.")
    ambiguous: bool = Field(description="Whether several meanings are about equally likely.")
    entity: CandidateRead | None = Field(description="The one meaning that stands out; null when none does.")
    candidates: list[CandidateRead] = Field(description="What the name may mean, the likeliest first.")


class Resolutions(BaseModel):
    """The resolutions in the order of the names."""

    data: list[ResolutionRead] = Field(description="One resolution per name, in the order of the request.")


class TopicRead(BaseModel):
    """A topic; `alpha_vantage` is the code of the same topic at Alpha Vantage, if it has one."""

    topic: str = Field(description="Code of the topic.")
    name: str = Field(description="Name in words.")
    alpha_vantage: str | None = Field(
        default=None, description="Code of the same topic at Alpha Vantage; null when it has none."
    )


class TopicTaxonomy(BaseModel):
    """A taxonomy of topics with its version."""

    taxonomy: Literal["market", "reuters"] = Field(description="The taxonomy that was asked for.")
    version: str = Field(description="Version of the model that gives these topics.")
    data: list[TopicRead] = Field(description="Its topics.")


class EventRead(BaseModel):
    """An event type."""

    type: str = Field(description="Code of the event type.")
    description: str = Field(description="What counts as such an event.")


class EventTaxonomy(BaseModel):
    """The taxonomy of events with its version."""

    version: str = Field(description="Version of the model that finds these events.")
    data: list[EventRead] = Field(description="The event types.")


class TrainingData(BaseModel):
    """A data set that a model was trained on, with the licence its publisher states."""

    name: str = Field(description="Name of the data set.")
    licence: str = Field(description="Licence that its publisher states.")
    non_commercial: bool = Field(description="Whether the licence excludes commercial use.")


class ModelRead(BaseModel):
    """A model's card."""

    name: str = Field(description="Name of the artefact.")
    version: str = Field(description="Name and the first characters of the file's hash.")
    subject: str = Field(description="What the model does.")
    active: bool = Field(description="Whether the model is in use.")
    data: list[TrainingData] = Field(description="Data sets that it was trained on.")
    non_commercial_data: bool = Field(description="Whether any of the data may not be used commercially.")
    scores: dict[str, float] = Field(
        description="Measured on a validation set on which the weights were not trained. The temperature was fitted on "
        "it, so calibration errors (`ece`) and squared errors (`mse`) are optimistic."
    )
    file: str = Field(description="File name of the artefact.")
    sha256: str = Field(description="SHA-256 of the file, in hexadecimal.")
    n_bytes: int = Field(description="Size of the file in bytes.")

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
    """The models in use."""

    data: list[ModelRead] = Field(description="The cards of all models.")


class SelfcheckRead(BaseModel):
    """The result of the self-check on the golden corpus."""

    texts: int = Field(description="Texts of the golden corpus.")
    passed: int = Field(description="Texts whose result equals the frozen one: all of them.")
    label_accuracy: float = Field(description="Share of labels that a careful human reader gives too, in [0, 1].")
    ticker_recall: float = Field(description="Share of the human reader's tickers that were linked, in [0, 1].")
    max_score_drift: float = Field(description="Largest difference from the frozen scores; 0 when nothing has changed.")
    model_versions: dict[str, str] = Field(description="Version of each model in use, by part.")
