"""Sentence borders by rules: no model and no download."""

import re
from typing import NamedTuple

from nlp.word_lists import word_list

_BORDER = re.compile(r"[.!?]['\"”\u2019)\]]{0,3}(?=\s)|\n[ \t]*\n")
_OPENING = re.compile(r"\s*[\"'“\u2018(\[]{0,3}([A-Z0-9\u00c0-\u00de\u0400-\u042f$])")
_LAST_WORD = re.compile(r"[^\s(\[\"'“\u2018]{1,40}$")
# A full stop after one of these belongs to the word; most are written before a name or a number.
_ABBREVIATIONS = word_list("abbreviations")
_MAX_SENTENCES = 200


class Sentence(NamedTuple):
    """A stretch of a text: `end` is exclusive, surrounding white space is left out."""

    start: int
    end: int


def _ends_sentence(text: str, start: int, stop: int) -> bool:
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
    return last not in _ABBREVIATIONS and not is_initial


def split_sentences(text: str) -> list[Sentence]:
    """Return the sentences of `text` in order, at most the first 200; an empty or blank text has none."""
    found: list[Sentence] = []
    begin = 0
    for border in _BORDER.finditer(text):
        if len(found) >= _MAX_SENTENCES - 1:
            break
        if _ends_sentence(text, border.start(), border.end()):
            _add(found, text, begin, border.end())
            begin = border.end()
    _add(found, text, begin, len(text))
    return found


def _add(found: list[Sentence], text: str, begin: int, end: int) -> None:
    stretch = text[begin:end]
    left = len(stretch) - len(stretch.lstrip())
    right = len(stretch.rstrip())
    if left < right:
        found.append(Sentence(begin + left, begin + right))
