"""Sentence boundaries by rules, with abbreviations that were listed by hand and learned from text."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from nlp.artefacts import checked_path
from nlp.words import word_list

_BORDER = re.compile(r"[.!?]['\"”\u2019)\]]{0,3}(?=\s)|\n[ \t]*\n")
_OPENING = re.compile(r"\s*[\"'“\u2018(\[]{0,3}([A-Z0-9\u00c0-\u00de\u0400-\u042f$])")
_LAST_WORD = re.compile(r"[^\s(\[\"'“\u2018]{1,40}$")
# A full stop after one of these belongs to the word; most are written before a name or a number.
LISTED_ABBREVIATIONS = word_list("abbreviations")
_MAX_SENTENCES = 200


class Sentence(NamedTuple):
    """A stretch of a text: `end` is exclusive, surrounding white space is left out."""

    start: int
    end: int


@cache
def abbreviations() -> frozenset[str]:
    """Return the listed abbreviations and those that `mia train abbreviations` has learned."""
    return LISTED_ABBREVIATIONS | frozenset(checked_path("abbreviations").read_text(encoding="utf-8").split())


def sentence_borders(text: str, known: frozenset[str]) -> Iterator[int]:
    """Yield the offsets at which a sentence ends before another begins, given the abbreviations `known`."""
    for border in _BORDER.finditer(text):
        if _ends_sentence(text, border.start(), border.end(), known):
            yield border.end()


def _ends_sentence(text: str, start: int, stop: int, known: frozenset[str]) -> bool:
    """Say whether the mark at [`start`, `stop`) closes a sentence rather than an abbreviation or an initial."""
    if text[start] == "\n":
        return True
    following = _OPENING.match(text, stop)
    if following is None:
        return False
    if text[start] != ".":
        return True
    word = _LAST_WORD.search(text, max(0, start - 41), start)
    last = word.group().lower() if word else ""
    is_initial = len(last) == 1 and last.isalpha()
    return last not in known and not is_initial


def split_sentences(text: str) -> list[Sentence]:
    """Return the sentences of `text` in order, at most the first 200; an empty or blank text has none."""
    found: list[Sentence] = []
    begin = 0
    for end in islice(sentence_borders(text, abbreviations()), _MAX_SENTENCES - 1):
        _add(found, text, begin, end)
        begin = end
    _add(found, text, begin, len(text))
    return found


def _add(found: list[Sentence], text: str, begin: int, end: int) -> None:
    stretch = text[begin:end]
    left = len(stretch) - len(stretch.lstrip())
    right = len(stretch.rstrip())
    if left < right:
        found.append(Sentence(begin + left, begin + right))
