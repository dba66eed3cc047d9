"""Sentiment of a whole article from the sentiment of its title and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.contracts import TextField
from nlp.entities.linking import Mention
from nlp.sentiment.opinion import Opinion, weighted_mean
from nlp.sentiment.tier import EntityText, Reading, SentimentTier
from nlp.texts.sentences import split_sentences

_TITLE_SHARE = 0.7
_MAX_SENTENCES = 6
_DECAY = 0.75


class TextParts(Protocol):
    """The parts of a text that carry its sentiment."""

    @property
    def title(self) -> str:
        """The headline."""
        ...

    @property
    def summary(self) -> str:
        """The summary, empty when there is none."""
        ...

    @property
    def body(self) -> str:
        """The text below the headline, empty when there is none."""
        ...


def _sentences(text: TextParts) -> list[str]:
    below = (text.summary or text.body)[:3_000]
    if not below:
        return []
    return [below[sentence.start : sentence.end] for sentence in split_sentences(below)[:_MAX_SENTENCES]]


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """The sentiment of a whole article and the reading of its title, which holds the evidence.

    Notes
    -----
    `second_opinion` is the sentiment by another tier, where one was asked.
    `title_share` is the weight of the title: 1 when nothing stands below it.
    """

    opinion: Opinion
    title: Reading
    title_share: float = 1.0
    second_opinion: Opinion | None = None


def read_documents(
    tier: SentimentTier, texts: Sequence[TextParts], toward: Sequence[EntityText]
) -> tuple[list[DocumentReading], Sequence[Opinion]]:
    """Return the sentiment of each article, and what is thought in each text of `toward` of the entity named there.

    Notes
    -----
    The title has 70 % of the weight; the first six sentences below it share the rest, each three quarters of the one
    before: news says first what matters, and a headline is written to be read alone.
    """
    flat: list[str] = []
    counts: list[int] = []
    for text in texts:
        sentences = _sentences(text)
        flat.append(text.title)
        flat += sentences
        counts.append(len(sentences))
    readings, opinions = tier.read(flat, toward)
    answers = []
    start = 0
    for count in counts:
        own = readings[start : start + 1 + count]
        start += 1 + count
        second = [reading.second_opinion for reading in own]
        others = [opinion for opinion in second if opinion is not None]
        answers.append(
            DocumentReading(
                _whole([reading.opinion for reading in own]),
                own[0],
                _TITLE_SHARE if count else 1.0,
                _whole(others) if others else None,
            )
        )
    return answers, opinions


def with_title(document: DocumentReading, title: Opinion) -> Opinion:
    """Return the sentiment of an article as it would be under another headline that reads as `title`."""
    if document.title_share == 1.0:
        return title
    *shares, score = (
        whole + document.title_share * (new - old)
        for whole, new, old in zip(document.opinion, title, document.title.opinion, strict=True)
    )
    negative, neutral, positive = (min(1.0, max(0.0, share)) for share in shares)
    return Opinion(negative, neutral, positive, min(1.0, max(-1.0, score)))


def _whole(parts: Sequence[Opinion]) -> Opinion:
    """Return the opinion on a text of a title, which comes first, and the sentences below it."""
    decays = [_DECAY**index for index in range(len(parts) - 1)]
    if not decays:
        return parts[0]
    rest = (1.0 - _TITLE_SHARE) / sum(decays)
    return weighted_mean(parts, [_TITLE_SHARE, *(rest * decay for decay in decays)])


def first_sentence_of(fields: Sequence[tuple[TextField, str]], mention: Mention) -> EntityText:
    """Return the sentence of a mention, with the mention's place in it; of a title, all of it."""
    text = dict(fields)[mention.field]
    if mention.field == "title":
        return EntityText(text, mention.start, mention.end)
    begin = max(0, mention.start - 400)
    window = text[begin : mention.end + 400]
    for sentence in split_sentences(window):
        if begin + sentence.start <= mention.start < begin + sentence.end:
            start = mention.start - begin - sentence.start
            return EntityText(window[sentence.start : sentence.end], start, start + mention.end - mention.start)
    return EntityText(text[mention.start : mention.end], 0, mention.end - mention.start)
