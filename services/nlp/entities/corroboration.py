"""Whether a capitalised word that is also an everyday word ("Apple", "Target", "Ford") names the company here.

The idea: an ambiguous name counts only with a second sign next to it - a verb or noun that companies take, a phrase
that takes companies, or its own capital where the sentence gives none - and never inside another name.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

from nlp.words import phrase_list, word_list

_AFTER = word_list("after_companies")
_BEFORE = word_list("before_companies")
_BEFORE_PAIRS = phrase_list("phrases_before_companies")
# A word before or after that makes the name another thing.
_SPOILING = phrase_list("phrases_not_companies")
_AFTER_PHRASES = tuple(sorted(phrase_list("phrases_after_companies")))
# Their capital at the head of a sentence makes no longer name of what follows: "Is Target a buy?"
_OPENERS = word_list("sentence_openers")
# "Citi cuts Target to Sell" rates a company; "Citi cuts target to $40" does not.
_RERATES = word_list("rerating_verbs")
_TO_RATING = re.compile(
    r" (?:to|at|from) (?:an? )?(?:(?:strong )?buy|hold|sell|neutral|(?:over|under|out|equal|market|sector)[a-z -]+)\b"
)
_JOINS = re.compile(r",? (?:and|or|&) |, |/")
_WIDEST_JOIN = len(", and ")
_GIVEN_NAMES = word_list("given_names")
_FIRM_NOUNS = word_list("firm_nouns")
_HELD = frozenset(("shares of", "shares in", "stake in", "stock of", "options on"))
_BUSINESS = (_AFTER | _BEFORE | word_list("business")) - word_list("not_business")
_AMOUNT = re.compile(r"\s(?:to|of|at|from)\s[$\u20ac\u00a3\d]")
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


class TextCase(IntEnum):
    """What a capital letter proves in a text: something in a sentence, little in a title, nothing in capitals."""

    SENTENCE = 0
    TITLE = 1
    CAPITALS = 2
    LOWER = 3


def text_case(text: str) -> TextCase:
    """Return how `text` is written, judged by its words of four letters and more."""
    words = [word for word in _WORD.findall(text[:400]) if len(word) > 3 and word[0].isalpha()]
    if not words:
        return TextCase.TITLE
    capitals = sum(1 for word in words if word.isupper())
    if capitals > 0.7 * len(words) and len(words) > 1:
        return TextCase.CAPITALS
    raised = sum(1 for word in words if word[0].isupper())
    if raised == 0:
        return TextCase.LOWER
    return TextCase.TITLE if raised > 0.65 * len(words) else TextCase.SENTENCE


def is_company_here(text: str, start: int, end: int, case: TextCase) -> bool:
    """Say whether the ambiguous name at [`start`, `end`) of `text` is used as a company's."""
    tail = text[end : end + 60]
    is_owner = tail.startswith(("'s", "\u2019s"))
    if is_owner:
        tail = tail[2:]
    before = _WORD.findall(text[max(0, start - 40) : start])
    after = _WORD.findall(tail)
    name = text[start:end].lower()
    previous = before[-1] if before else ""
    following = after[0] if after else ""
    if previous.lower() in _RERATES and _TO_RATING.match(tail.lower()):
        return True
    if _is_another_thing(name, previous, following, is_next=_follows_a_word(text, start)):
        return False
    is_lower = case is TextCase.LOWER and text[start].islower()
    owns_business = is_owner and not _BUSINESS.isdisjoint(word.lower() for word in after[:3])
    if owns_business or _goes_on_as_a_company(following, tail, is_lower=is_lower):
        return True
    pair = " ".join(word.lower() for word in before[-2:])
    if previous.lower() in _BEFORE or pair in _BEFORE_PAIRS:
        return not (following[:1].isupper() and case is TextCase.SENTENCE)
    if not before and following.islower() and following.endswith(("s", "ed")) and has_business_word(text):
        return True
    return case is TextCase.SENTENCE and _is_own_name(text, start, before, after, tail)


def is_thing_here(text: str, start: int, end: int) -> bool:
    """Say whether what stands beside an everyday word makes it that word, or a person: "Raises Target to $51"."""
    before, after = _WORD.findall(text[max(0, start - 40) : start]), _WORD.findall(text[end : end + 40])
    previous, following = before[-1] if before else "", after[0] if after else ""
    name = text[start:end].lower()
    is_next = _follows_a_word(text, start)
    return _AMOUNT.match(text, end) is not None or _is_another_thing(name, previous, following, is_next=is_next)


def _is_another_thing(name: str, previous: str, following: str, *, is_next: bool) -> bool:
    """Say whether a neighbour makes the name a fixed phrase or a person: "price target", "Harrison Ford"."""
    if f"{previous.lower()} {name}" in _SPOILING or f"{name} {following.lower()}" in _SPOILING:
        return True
    # "Overweight Rating, $215 Target"
    if is_next and previous.isdigit():
        return True
    return is_next and previous.lower() in _GIVEN_NAMES and previous[:1].isupper()


def is_firm_here(text: str, start: int, end: int) -> bool:
    """Say whether a name that people bear too is a firm's: people have no shares and no first quarter."""
    tail = text[end : end + 40].removeprefix("'s").removeprefix("\u2019s")
    following = _WORD.match(tail.lstrip())
    before = " ".join(_WORD.findall(text[max(0, start - 20) : start].lower())[-2:])
    return (following is not None and following[0].lower() in _FIRM_NOUNS) or before in _HELD


def _goes_on_as_a_company(following: str, tail: str, *, is_lower: bool) -> bool:
    """Say whether the words after a name are those that follow a company's."""
    if following.lower() in _AFTER and not (following == "to" and is_lower):
        return True
    rest = tail.lstrip()
    return (rest[:1] == "(" and rest[1:2].isupper()) or rest.lower().startswith(_AFTER_PHRASES)


def is_listed_with(text: str, start: int, end: int, others: Iterable[tuple[int, int]], case: TextCase) -> bool:
    """Say whether the ambiguous name stands in a list with one of the `others`: "Visa, Mastercard", "Nike and Gap"."""
    if case in {TextCase.CAPITALS, TextCase.LOWER} or not any(
        _are_joined(text, *((end, other[0]) if other[0] >= end else (other[1], start))) for other in others
    ):
        return False
    before, after = _WORD.findall(text[max(0, start - 40) : start]), _WORD.findall(text[end : end + 60])
    name = text[start:end].lower()
    if _is_another_thing(
        name, before[-1] if before else "", after[0] if after else "", is_next=_follows_a_word(text, start)
    ):
        return False
    return stands_alone(text, start, end, case)


def _follows_a_word(text: str, start: int) -> bool:
    """Say whether a word and one space stand before `start`: "April 28: Apple" begins anew."""
    return text[start - 1 : start] == " " and text[max(0, start - 2) : start - 1].isalnum()


def _are_joined(text: str, left_end: int, right_start: int) -> bool:
    return 0 < right_start - left_end <= _WIDEST_JOIN and _JOINS.fullmatch(text, left_end, right_start) is not None


# Asked again for each rare name of a text.
@lru_cache(maxsize=16)
def has_business_word(text: str) -> bool:
    """Say whether `text` speaks of business at all: enough for a name that is rare, not for an everyday word."""
    return not _BUSINESS.isdisjoint(word.lower() for word in _WORD.findall(text[:400]))


def stands_alone(text: str, start: int, end: int, case: TextCase) -> bool:
    """Say whether the rare name at [`start`, `end`) is not a part of a person's or another longer name."""
    before = _WORD.findall(text[max(0, start - 40) : start])
    joined = bool(before) and text[start - 1 : start] == " "
    if joined and before[-1].lower() in _GIVEN_NAMES and before[-1][0].isupper():
        return False
    after = _WORD.findall(text[end : end + 60])
    if case is not TextCase.SENTENCE:
        return True
    joined_right = (
        bool(after)
        and text[end : end + 1] == " "
        and after[0][:1].isupper()
        # "Novavax COVID vaccine": letters alone are the next word, not more of the name.
        and not (len(after[0]) > 1 and after[0].isupper())
        and after[0].lower() not in _AFTER
    )
    return not joined_right and not (joined and before[-1][0].isupper() and len(before) > 1)


def _is_own_name(text: str, start: int, before: list[str], after: list[str], tail: str) -> bool:
    """Say whether a capitalised word inside a sentence is a name of its own, not a part of a longer one."""
    inside = bool(before) and text[max(0, start - 2) : start].strip(" \"'“\u2018(") not in {".", "!", "?", ":"}
    joined_left = (
        bool(before)
        and before[-1][:1].isupper()
        and text[start - 1 : start] == " "
        and not (len(before) == 1 and before[0].lower() in _OPENERS)
    )
    joined_right = bool(after) and after[0][:1].isupper() and tail[:1] == " " and not after[0].isupper()
    return inside and not joined_left and not joined_right
