"""A text to analyse, and the parts of it that are analysed."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from common.contracts import TextField
from nlp.entities.gazetteer import fold
from nlp.sentiment.tier import EntityText
from nlp.texts.html_entities import decode, has_entities

Taxonomy = Literal["market", "reuters"]
_TITLE_CHARACTERS = 5_000
_BELOW_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text to analyse.

    Notes
    -----
    `entity` asks for the sentiment toward that name. `language` is what the publisher declared, `tickers` what it
    supplied, `on` the day of the news (companies answer by the symbol they had then; None means today).
    """

    title: str
    summary: str = ""
    body: str = ""
    entity: str | None = None
    language: str | None = None
    tickers: tuple[str, ...] = ()
    on: date | None = None
    taxonomy: Taxonomy = "market"


def shortened(text: TextInput) -> TextInput:
    """Return the stretch that is read: no stage after this one can be made slow by the length of a text."""
    if len(text.title) <= _TITLE_CHARACTERS and max(len(text.summary), len(text.body)) <= _BELOW_CHARACTERS:
        return text
    return replace(
        text,
        title=text.title[:_TITLE_CHARACTERS],
        summary=text.summary[:_BELOW_CHARACTERS],
        body=text.body[:_BELOW_CHARACTERS],
    )


def without_entities(text: TextInput) -> TextInput:
    """Return the text with its HTML entities decoded; the text itself when it has none."""
    if not any(map(has_entities, (text.title, text.summary, text.body, text.entity or ""))):
        return text
    return replace(
        text,
        title=decode(text.title).text,
        summary=decode(text.summary).text,
        body=decode(text.body).text,
        entity=decode(text.entity).text if text.entity else text.entity,
    )


def fields_of(text: TextInput) -> list[tuple[TextField, str]]:
    """Return the fields that hold something, with their names, in the order in which they are read."""
    fields: list[tuple[TextField, str]] = [("title", text.title), ("summary", text.summary), ("body", text.body)]
    return [(name, content) for name, content in fields if content]


def language_sample(text: TextInput) -> str:
    """Return what the language is judged by: the title and the beginning of what is below it."""
    below = text.summary or text.body
    return f"{text.title}\n{below[:300]}" if below else text.title


def place_of(text: TextInput, entity: str) -> EntityText | None:
    """Return the first place at which a field names `entity`, whatever the case; None when none does."""
    for _, content in fields_of(text):
        start = fold(content).find(fold(entity))
        if start >= 0:
            return EntityText(content, start, start + len(entity))
    return None
