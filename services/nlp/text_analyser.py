"""The whole analysis of a text, pure: language, sentiment, entities, topics, events and evidence."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import compress, count
from typing import NamedTuple, TypedDict

from common.contracts import Entity, EventScore, EvidenceSpan, Sentiment, Span, TextField, TopicScore
from nlp.artefacts import checked_path, load_manifest
from nlp.drift import disagreement
from nlp.entities.gazetteer import Gazetteer, fold
from nlp.entities.linking import Linker
from nlp.entities.recognition import ArticleFields, EntityRecogniser
from nlp.entities.tagging.labels import NameTagger
from nlp.events.details import EventfulText, detailed_events
from nlp.events.detection import EventModel
from nlp.named_entities import Names
from nlp.sentiment.counterfactuals import Counterfactual, Variants, read_counterfactuals, without
from nlp.sentiment.document import DocumentReading, read_documents
from nlp.sentiment.linear_text import Probabilities
from nlp.sentiment.opinion import NO_OPINION, Opinion
from nlp.sentiment.tier import ANALYSED_CHARACTERS, EntityText, Evidence, SentimentTier, label_of, sentiment_of
from nlp.text_input import TextInput, fields_of, language_sample, place_of, shortened, without_entities
from nlp.texts.assertions import Assertions
from nlp.texts.html_entities import restore_places
from nlp.texts.languages import ENGLISH, DetectedLanguage, detect_language
from nlp.topics.market import MarketTopicModel
from nlp.topics.reuters import ReutersTopics

GAZETTEER_ARTEFACT = "gazetteer"
ABBREVIATIONS_ARTEFACT = "abbreviations"
_UNDECIDED_BELOW = 0.40
_DOUBTED_BELOW = 0.55
_MAX_COUNTERFACTUALS = 5


class AnswerFields(TypedDict):
    """What every answer on the wire says of a text, stored or not."""

    language: str
    sentiment: Sentiment
    entities: list[Entity]
    topics: list[TopicScore]
    events: list[EventScore]
    evidence: list[EvidenceSpan]
    abstained: bool
    abstain_reason: str | None
    ambiguity: float | None
    model_versions: dict[str, str]


@dataclass(slots=True)
class TextAnalysis:
    """What was found in a text; `abstain_reason` is set exactly when `abstained`.

    Notes
    -----
    `second_opinion` is what another tier made of the document, where one was asked and the sentiment is the document's.
    """

    language: DetectedLanguage
    sentiment: Sentiment
    entities: list[Entity] = field(default_factory=list)
    topics: list[TopicScore] = field(default_factory=list)
    events: list[EventScore] = field(default_factory=list)
    evidence: list[EvidenceSpan] = field(default_factory=list)
    counterfactuals: list[Counterfactual] = field(default_factory=list)
    abstain_reason: str | None = None
    second_opinion: Opinion | None = None

    @property
    def abstained(self) -> bool:
        """Say whether the models declined to score."""
        return self.abstain_reason is not None

    @property
    def ambiguity(self) -> float | None:
        """Return how far the second opinion lies from the sentiment, in bits; None where there is none."""
        if self.second_opinion is None:
            return None
        found = self.sentiment
        own = Probabilities(found.negative, found.neutral, found.positive)
        return round(disagreement(own, self.second_opinion.probabilities), 4)

    def answer(self, model_versions: dict[str, str]) -> AnswerFields:
        """Return what was found in the names of the wire, with the models that found it."""
        return AnswerFields(
            language=self.language.code,
            sentiment=self.sentiment,
            entities=self.entities,
            topics=self.topics,
            events=self.events,
            evidence=self.evidence,
            abstained=self.abstained,
            abstain_reason=self.abstain_reason,
            ambiguity=self.ambiguity,
            model_versions=model_versions,
        )


def no_sentiment(reason: str, language: str = ENGLISH) -> TextAnalysis:
    """Return an analysis that says nothing but why."""
    analysis = TextAnalysis(DetectedLanguage(language, 0.0), sentiment_of(NO_OPINION))
    analysis.abstain_reason = reason
    return analysis


class _Parts(NamedTuple):
    """What is known of a text before it is put together; `wanted` is the place of the name asked about."""

    text: TextInput
    language: DetectedLanguage
    read: DocumentReading | None
    names: Names
    wanted: EntityText | None


class TextAnalyser:
    """Every model of the fast or deep tier, loaded once; safe to use from several threads."""

    def __init__(
        self,
        sentiment: SentimentTier,
        gazetteer: Gazetteer,
        reuters: ReutersTopics,
        tagger: NameTagger,
        gazetteer_version: str,
    ) -> None:
        self._sentiment = sentiment
        self._reuters = reuters
        self._market = MarketTopicModel()
        self._events = EventModel()
        self.gazetteer = gazetteer
        self.linker = Linker(gazetteer)
        self._tagger = tagger
        self.recogniser = EntityRecogniser(self.linker, tagger)
        self.model_versions = {
            **sentiment.versions,
            "gazetteer": gazetteer_version,
            **tagger.versions,
            "topics": self._market.version,
            "reuters": reuters.version,
            "events": self._events.version,
            "sentences": load_manifest()[ABBREVIATIONS_ARTEFACT].version,
        }

    @classmethod
    def load(cls, sentiment: SentimentTier, tagger: NameTagger) -> "TextAnalyser":
        """Return the analyser with the shipped gazetteer and topic models around a tier's two models."""
        gazetteer = Gazetteer.load(checked_path(GAZETTEER_ARTEFACT))
        version = load_manifest()[GAZETTEER_ARTEFACT].version
        return cls(sentiment, gazetteer, ReutersTopics.load(), tagger, version)

    @property
    def reuters_codes(self) -> list[str]:
        """The codes of the taxonomy `reuters`."""
        return self._reuters.codes

    def with_gazetteer(self, gazetteer: Gazetteer) -> "TextAnalyser":
        """Return an analyser with the same models and another gazetteer: the shipped one with the users' aliases."""
        other = copy(self)
        other.gazetteer = gazetteer
        other.linker = Linker(gazetteer)
        other.recogniser = EntityRecogniser(other.linker, self._tagger)
        return other

    def analyse(self, texts: Sequence[TextInput], *, counterfactual: bool = False) -> list[TextAnalysis]:
        """Return the analysis of each text, in order; sentiment is asked in one batch: of texts, and toward names.

        Parameters
        ----------
        counterfactual : also say what each score would be without each stretch of evidence: one more batch
        """
        written = [shortened(text) for text in texts]
        cut = [without_entities(text) for text in written]
        languages = [detect_language(language_sample(text), text.language) for text in cut]
        is_scored = [_reason_to_abstain(text, language) is None for text, language in zip(cut, languages, strict=True)]
        names = self._names(cut, is_scored)
        wanted = [
            place_of(text, text.entity) if text.entity and scored else None
            for text, scored in zip(cut, is_scored, strict=True)
        ]
        places = [place for of_text, place in zip(names, wanted, strict=True) for place in (*of_text.places, place)]
        read, toward = read_documents(
            self._sentiment, list(compress(cut, is_scored)), [place for place in places if place is not None]
        )
        documents, opinions = dict(zip(compress(count(), is_scored), read, strict=True)), iter(toward)
        found = [
            self._assemble(_Parts(text, languages[index], documents.get(index), names[index], wanted[index]), opinions)
            for index, text in enumerate(cut)
        ]
        if counterfactual:
            variants = [_variants(cut[index], found[index], document) for index, document in documents.items()]
            for index, answer in zip(documents, read_counterfactuals(self._sentiment, variants), strict=True):
                found[index].counterfactuals = answer
        for analysis, original, text in zip(found, written, cut, strict=True):
            if text is not original:
                restore_places(_spans(analysis), dict(fields_of(original)))
        return found

    def _names(self, texts: Sequence[TextInput], is_scored: Sequence[bool]) -> list[Names]:
        articles = [
            ArticleFields(fields_of(text), text.tickers, text.on, is_english=scored)
            for text, scored in zip(texts, is_scored, strict=True)
        ]
        found = self.recogniser.recognise_all(articles)
        return [
            Names.of(linked, article.fields, text.title, is_scored=article.is_english)
            for text, article, linked in zip(texts, articles, found, strict=True)
        ]

    def _assemble(self, parts: _Parts, opinions: Iterator[Opinion]) -> TextAnalysis:
        text, read = parts.text, parts.read
        if read is None:
            analysis = TextAnalysis(parts.language, sentiment_of(NO_OPINION))
            analysis.abstain_reason = _reason_to_abstain(text, parts.language)
            analysis.entities = parts.names.entities(opinions, analysis.sentiment)
            return analysis
        document = sentiment_of(read.opinion)
        entities = parts.names.entities(opinions, document)
        found = read.opinion if parts.wanted is None else next(opinions)
        analysis = TextAnalysis(parts.language, sentiment_of(found) if text.entity else document)
        analysis.second_opinion = None if text.entity else read.second_opinion
        analysis.abstain_reason = _reason_of_doubt(found, analysis.second_opinion)
        analysis.entities = entities
        title, body = fold(text.title), fold(text.summary or text.body)
        assertions = Assertions(title[:ANALYSED_CHARACTERS])
        found_events = self._events.find(title, body)
        if found_events:
            below: tuple[TextField, str] = ("summary", text.summary) if text.summary else ("body", text.body)
            whole = EventfulText(text.title, below, analysis.entities, assertions)
            analysis.events = detailed_events(self._events, found_events, whole)
        of_events = self._events.topics(found_events)
        analysis.topics = self._topics(text, (title, body), analysis.entities, of_events)
        analysis.evidence = [_evidence(text.title, span, assertions) for span in read.title.evidence()]
        return analysis

    def _topics(
        self, text: TextInput, folded: tuple[str, str], entities: list[Entity], of_events: set[str]
    ) -> list[TopicScore]:
        if text.taxonomy == "reuters":
            return self._reuters.classify(text.title, text.body or text.summary)
        main = [entity for entity in entities if entity.ticker is not None and entity.relevance > 0.5]
        sectors = [self.linker.by_ticker(entity.ticker or "", entity.mic).sector or "" for entity in main]
        return self._market.classify(*folded, sectors, of_events)


def _reason_to_abstain(text: TextInput, language: DetectedLanguage) -> str | None:
    if language.code != ENGLISH:
        return f"The language {language.code!r} is not scored."
    if not any(letter.isalpha() for letter in text.title) and not any(letter.isalpha() for letter in text.body[:500]):
        return "The text has no words."
    return None


def _reason_of_doubt(found: Opinion, second: Opinion | None) -> str | None:
    if max(found.probabilities) < _UNDECIDED_BELOW:
        return "The classes are too close to call."
    if second is not None and max(found.probabilities) < _DOUBTED_BELOW:
        labels = {label_of(found), label_of(second)}
        if labels == {"positive", "negative"}:
            return "The two tiers contradict each other."
    return None


def _variants(text: TextInput, found: TextAnalysis, document: DocumentReading) -> Variants:
    titles = [without(text.title, span.start, span.end) for span in found.evidence[:_MAX_COUNTERFACTUALS]]
    places = [place_of(replace(text, title=title), text.entity) if text.entity else None for title in titles]
    return Variants(found.sentiment.score, document, titles, places)


def _spans(analysis: TextAnalysis) -> list[Span]:
    """Return every stretch of the text that the analysis points to, each object once: they are moved in place."""
    spans: list[Span] = list(analysis.evidence)
    spans += [mention for entity in analysis.entities for mention in entity.mentions]
    for event in analysis.events:
        spans += [role.span for role in event.roles]
        spans += [magnitude.span for magnitude in event.magnitudes]
    return list({id(span): span for span in spans}.values())


def _evidence(title: str, span: Evidence, assertions: Assertions) -> EvidenceSpan:
    return EvidenceSpan(
        field="title",
        start=span.start,
        end=span.end,
        text=title[span.start : span.end],
        weight=round(span.weight, 4),
        negated=span.negated,
        hedged=assertions.of(span.start, span.end).hedged,
    )
