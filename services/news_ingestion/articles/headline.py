"""A headline as the duplicate decision sees it: words, figures and dates, without what wires and sites add."""

import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from news_ingestion.articles.cleaning import clean_line
from news_ingestion.articles.fingerprint import fingerprint
from news_ingestion.articles.title_marks import without_marks
from news_ingestion.articles.vocabulary import (
    CANONICAL_WORDS,
    DATES,
    FUNCTION_WORDS,
    NEGATIONS,
    NUMBER_WORDS,
    ORDINALS,
    SCALES,
    stem,
)

_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_DIGIT = re.compile(r"\d")
_PERCENT = re.compile(r"(?<=\d)\s*(?:%|per\s?cent\b|percent\b|pct\b|pc\b)", re.IGNORECASE)
_GROUPED = re.compile(r"(?<=\d),(?=\d{2,3}\b)")
_TOKEN = re.compile(r"\d+(?:\.\d+)?(?:[A-Za-z]+|%)?|[^\W\d_]+(?:'[^\W\d_]+)?(?:\d+)?")
_FIGURE = re.compile(r"(\d+(?:\.\d+)?)(%|[a-z]*)$")
_PERIOD = re.compile(r"(?:q|fy|h)\d+$")
_PERIODS = {"quarter": "q", "qtr": "q", "half": "h"}
# Above this share of capitalised words a headline is in title case or in capitals, and a capital marks no name.
_TITLE_CASE_SHARE = 0.75


@dataclass(eq=False, slots=True)
class Headline:
    """A headline ready for comparison.

    Notes
    -----
    `sequence` is every token in order, folded; `words` its content words, stemmed and with synonyms unified. `figures`
    are amounts with their unit ("2m", "0.58%", "q3"), `spelled` the numbers written as words, `dates` months and
    weekdays, `numbers` the three together. `names` are the content words written with a capital, and None where the
    headline is in title case or in capitals. `is_truncated` says that it ends in "..." or "…"; its last word may then
    be cut. `hashes` is the fingerprint under which it is found.
    """

    sequence: tuple[str, ...]
    words: tuple[str, ...]
    figures: frozenset[str]
    spelled: frozenset[str]
    dates: frozenset[str]
    names: frozenset[str] | None
    is_negated: bool
    is_truncated: bool
    word_set: frozenset[str]
    numbers: frozenset[str]
    hashes: list[int]


@dataclass(slots=True)
class _Reading:
    """What has been read of a headline so far."""

    sequence: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    figures: set[str] = field(default_factory=set)
    spelled: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    n_capitals: int = 0
    is_negated: bool = False


class _Kind(IntEnum):
    """What a token is, as far as it alone can tell."""

    WORD = 0
    NAME = 1
    FUNCTION = 2
    NEGATION = 3
    DIGITS = 4
    ORDINAL = 5
    PERIOD = 6
    SPELLED = 7
    DATE = 8


# Looked up once: Python 3.11 takes longer to find a member of an enumeration than to compare with it.
_WORD, _NAME, _FUNCTION = _Kind.WORD, _Kind.NAME, _Kind.FUNCTION
_DIGITS, _ORDINAL = _Kind.DIGITS, _Kind.ORDINAL


# A stranger's longer "word" or title is read each time: the caches are bounded in bytes, not only in entries.
_CACHED_WORD_CHARACTERS = 40
_CACHED_TITLE_CHARACTERS = 300


# Headlines draw on few words: with 32,768 of them cached, a headline is read twice as fast.
@lru_cache(maxsize=32_768)
def _classify(cased: str) -> tuple[_Kind, str]:  # noqa: PLR0911 - one line per rule
    """Return the kind of a token and its folded form; "IT" in capitals is the sector, "it" the pronoun."""
    token = "it-sector" if cased == "IT" else cased.lower()
    if token[0].isdigit():
        return _Kind.ORDINAL if token in ORDINALS else _Kind.DIGITS, token
    if token in NUMBER_WORDS:
        return _Kind.SPELLED, NUMBER_WORDS[token]
    if token in ORDINALS:
        return _Kind.ORDINAL, token
    if token in DATES:
        return _Kind.DATE, DATES[token]
    if _PERIOD.match(token):
        return _Kind.PERIOD, token
    word = CANONICAL_WORDS.get(token) or stem(token)
    if token in NEGATIONS:
        return _Kind.NEGATION, word
    if token in FUNCTION_WORDS or word in FUNCTION_WORDS:
        return _Kind.FUNCTION, word
    return _Kind.WORD if cased[0].islower() else _Kind.NAME, word


def _figure(token: str, following: str) -> tuple[str, bool]:
    """Return the canonical figure, and whether it took the following word as its scale ("$2 million")."""
    match = _FIGURE.match(token)
    if match is None:
        return token, False
    number, unit = match.groups()
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    number = number.lstrip("0") or "0"
    if unit in SCALES:
        return number + SCALES[unit], False
    if not unit and following in SCALES:
        return number + SCALES[following], True
    return number + ("" if unit in {"st", "nd", "rd", "th"} else unit), False


def _read_number(reading: _Reading, token: str, kind: _Kind, following: str) -> bool:
    """Add a number to the reading; return whether it took the following word with it ("$2 million", "first half")."""
    if kind is _Kind.ORDINAL and following in _PERIODS:
        figure, took_following = _PERIODS[following] + ORDINALS[token], True
    elif token[0].isdigit():
        figure, took_following = _figure(token, following)
    else:
        reading.sequence.append(token)
        return False
    reading.figures.add(figure)
    reading.sequence.append(figure)
    return took_following


def _read(tokens: list[str]) -> _Reading:
    reading = _Reading()
    sequence, words = reading.sequence, reading.words
    is_taken = False
    for position, cased in enumerate(tokens):
        if is_taken:
            is_taken = False
            continue
        is_word = len(cased) <= _CACHED_WORD_CHARACTERS
        kind, token = _classify(cased) if is_word else _classify.__wrapped__(cased)
        if kind is _WORD:
            sequence.append(token)
            words.append(token)
            continue
        if kind is _DIGITS or kind is _ORDINAL:
            following = tokens[position + 1].lower() if position + 1 < len(tokens) else ""
            is_taken = _read_number(reading, token, kind, following)
            continue
        sequence.append(token)
        if kind is _NAME:
            words.append(token)
            reading.names.add(token)
            reading.n_capitals += 1
        elif kind is not _FUNCTION:
            _read_other(reading, token, kind)
    return reading


def _read_other(reading: _Reading, token: str, kind: _Kind) -> None:
    if kind is _Kind.PERIOD:
        reading.figures.add(token)
    elif kind is _Kind.SPELLED:
        reading.spelled.add(token)
    elif kind is _Kind.DATE:
        reading.dates.add(token)
    elif kind is _Kind.NEGATION:
        reading.is_negated = True


def _plain_figures(text: str) -> str:
    """Return `text` with "5 per cent" as "5%" and "1,000" as "1000"."""
    lowered = text.lower()
    if "%" in text or "pc" in lowered or "per" in lowered:
        text = _PERCENT.sub("%", text)
    return _GROUPED.sub("", text) if "," in text else text


def read_headline(title: str, *, is_clean: bool = False) -> Headline:
    """Return the comparable form of `title`, cleaned first of entities, tags and odd spaces unless `is_clean`."""
    is_short = len(title) <= _CACHED_TITLE_CHARACTERS
    return _read_headline(title, is_clean) if is_short else _read_headline.__wrapped__(title, is_clean)


# An article is read again whenever a later one is compared with it, mostly soon after.
@lru_cache(maxsize=8_192)
def _read_headline(title: str, is_clean: bool) -> Headline:
    text = without_marks(title if is_clean else clean_line(title))
    is_truncated = text.endswith(("...", "\u2026"))
    if is_truncated:
        text = (text[:-1] if text.endswith("\u2026") else text.rstrip(".")).rstrip()
    if "." in text:
        text = _INITIALS.sub(lambda found: found.group().replace(".", ""), text)
    if _DIGIT.search(text):
        text = _plain_figures(text)
    reading = _read(_TOKEN.findall(text))
    capitals_tell = reading.n_capitals < _TITLE_CASE_SHARE * len(reading.words)
    words, sequence = tuple(reading.words), tuple(reading.sequence)
    figures, spelled, dates = frozenset(reading.figures), frozenset(reading.spelled), frozenset(reading.dates)
    return Headline(
        sequence=sequence,
        words=words,
        figures=figures,
        spelled=spelled,
        dates=dates,
        names=frozenset(reading.names) if capitals_tell else None,
        is_negated=reading.is_negated,
        is_truncated=is_truncated,
        word_set=frozenset(words),
        numbers=figures | spelled | dates,
        hashes=fingerprint(words or sequence, figures),
    )
