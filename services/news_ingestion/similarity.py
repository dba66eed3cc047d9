"""Do two headlines tell the same? The decision, with the rule that made it and the words for and against it.

Overlap alone cannot tell "Pepper futures rise on spot demand" from "Aluminium futures rise on spot demand", nor a
raised from a lowered price target. So the decision looks at what differs: a figure, a date, a direction or a name
that stands in one headline in the place of another is a different event, however much else is shared. Words that only
one side has, and that replace nothing, are what syndication adds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from news_ingestion.headline import Headline
from news_ingestion.vocabulary import OPPOSITES, SUBJECTS

Rule = Literal[
    "url", "identical", "truncated", "overlap", "body", "figures", "dates", "direction", "negation", "subject", "names",
    "wording", "different", "recurring",
]  # fmt: skip

# The rules that found another event, not only other words for it.
CONFLICTS: frozenset[Rule] = frozenset({"figures", "dates", "subject", "names"})

# Words that only one side has are what syndication adds; words of its own on each side are another telling. F1 on 887
# labelled pairs stays within 0.978..0.983 for 0.4..0.5, 0.45..0.6 and 2..5.
MIN_SIMILARITY = 0.45
MIN_SIMILARITY_BOTH_DIFFER = 0.6
MIN_CONTAINMENT = 0.75
_MIN_CONTAINED_WORDS = 4
_MIN_SHARED_WORDS = 2
_START, _END = "^", "$"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An explained decision: `similarity` in [0, 1] is the share of words and figures that both texts have."""

    duplicate: bool
    rule: Rule
    similarity: float
    shared: tuple[str, ...]
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Difference:
    """The words of two headlines, sorted into shared ones and each side's own; `twins` pairs spellings of one word."""

    shared: tuple[str, ...]
    own_a: frozenset[str]
    own_b: frozenset[str]
    twins: Mapping[str, str]


def _is_same_word(word: str, other: str) -> bool:
    """Return whether two words are spellings of one: fuelled/fueled, Bieber/Beiber, China/Chinese, MP/MPs."""
    if word[0] != other[0]:
        return False
    if len(word) < 5 or len(other) < 5:
        return word + "s" == other or other + "s" == word
    if word[1] == other[1] and word[2:4] == other[2:4]:
        longest = max(len(word), len(other))
        common = next(
            (i for i, (x, y) in enumerate(zip(word, other, strict=False)) if x != y), min(len(word), len(other))
        )
        return common >= 0.55 * longest
    return len(word) == len(other) and sorted(word) == sorted(other)


def _difference(a: Headline, b: Headline) -> _Difference:
    words_a, words_b = set(a.words), set(b.words)
    own_a, own_b = words_a - words_b, words_b - words_a
    twins: dict[str, str] = {}
    # Spellings matter where the rest agrees; among words that have nothing in common none is looked for.
    if own_a and own_b and len(words_a) - len(own_a) >= _MIN_SHARED_WORDS:
        for word in sorted(own_a):
            twin = next((other for other in sorted(own_b) if _is_same_word(word, other)), None)
            if twin is not None:
                twins[word] = twin
                own_a.discard(word)
                own_b.discard(twin)
    shared = tuple(word for word in dict.fromkeys(a.words) if word not in own_a)
    return _Difference(shared, frozenset(own_a), frozenset(own_b), twins)


def _gaps(words: Sequence[str], own: frozenset[str], twins: Mapping[str, str]) -> list[tuple[str, str, list[str]]]:
    """Return the runs of a headline's own words, each with the shared word before and after it."""
    gaps: list[tuple[str, str, list[str]]] = []
    before, run = _START, []
    for word in (*words, _END):
        if word in own:
            run.append(word)
            continue
        neighbour = twins.get(word, word)
        if run:
            gaps.append((before, neighbour, run))
            run = []
        before = neighbour
    return gaps


def _replacement_rule(a: Headline, b: Headline, difference: _Difference) -> Rule | None:
    """Return the rule that a word standing in another's place breaks, or None when words were only added."""
    gaps_b = _gaps(b.words, difference.own_b, {})
    for before_a, after_a, run_a in _gaps(a.words, difference.own_a, difference.twins):
        for before_b, after_b, run_b in gaps_b:
            if before_a != before_b and (after_a != after_b or after_a == _END):
                continue
            if before_a == before_b == _START:
                return "subject"
            if _names_something(run_a, a.names) or _names_something(run_b, b.names):
                return "names"
            # Where capitals say nothing, a name cannot be told from a verb: two events are the safer reading.
            if a.names is None and b.names is None:
                return "wording"
    return None


def _names_something(words: Sequence[str], names: frozenset[str] | None) -> bool:
    return any(word in SUBJECTS or (names is not None and word in names) for word in words)


def _continues(a: Headline, b: Headline) -> bool:
    """Return whether one headline is the other, cut off; the last word before the cut may be cut itself."""
    short, long = sorted((a, b), key=lambda headline: (not headline.is_truncated, len(headline.sequence)))
    n_whole = len(short.sequence) - 1
    return short.is_truncated and n_whole >= 2 and short.sequence[:n_whole] == long.sequence[:n_whole]


def _figures_conflict(a: Headline, b: Headline) -> bool:
    """Return whether figures contradict; numbers in words and what a cut may have taken count only when both differ."""
    all_a, all_b = a.figures | a.spelled, b.figures | b.spelled
    own_a, own_b = all_a - all_b, all_b - all_a
    missing_in_b = bool(own_a & a.figures) and not b.is_truncated
    missing_in_a = bool(own_b & b.figures) and not a.is_truncated
    return missing_in_a or missing_in_b or bool(own_a and own_b)


def _overlaps(difference: _Difference, similarity: float) -> bool:
    """Return whether so much is shared that only a contradiction could keep the two apart."""
    n_shared = len(difference.shared)
    n_own = min(len(difference.own_a), len(difference.own_b))
    needed = MIN_SIMILARITY_BOTH_DIFFER if n_own else MIN_SIMILARITY
    is_contained = n_shared >= MIN_CONTAINMENT * (n_shared + n_own) and n_shared >= _MIN_CONTAINED_WORDS
    return (similarity >= needed or is_contained) and n_shared >= _MIN_SHARED_WORDS


def _rule(a: Headline, b: Headline, difference: _Difference, similarity: float) -> tuple[bool, Rule]:  # noqa: PLR0911 - one line per rule
    if a.sequence == b.sequence:
        return True, "identical"
    if _continues(a, b):
        return True, "truncated"
    if not _overlaps(difference, similarity):
        return False, "different"
    if _figures_conflict(a, b):
        return False, "figures"
    if a.dates - b.dates and b.dates - a.dates:
        return False, "dates"
    if a.is_negated != b.is_negated and not (a.is_truncated or b.is_truncated):
        return False, "negation"
    if any((word, other) in OPPOSITES for word in difference.own_a for other in difference.own_b):
        return False, "direction"
    if a.words == b.words:
        return True, "identical"
    replaced = _replacement_rule(a, b, difference)
    return (False, replaced) if replaced is not None else (True, "overlap")


def compare_headlines(a: Headline, b: Headline) -> Verdict:
    """Return whether `a` and `b` tell the same, with the rule that decided; the order of the two does not matter."""
    difference = _difference(a, b)
    numbers_a, numbers_b = a.figures | a.spelled | a.dates, b.figures | b.spelled | b.dates
    n_shared = len(difference.shared) + len(numbers_a & numbers_b)
    n_all = n_shared + len(difference.own_a) + len(difference.own_b) + len(numbers_a ^ numbers_b)
    similarity = n_shared / n_all if n_all else 1.0
    duplicate, rule = _rule(a, b, difference, similarity)
    return Verdict(
        duplicate=duplicate,
        rule=rule,
        similarity=round(similarity, 4),
        shared=(*difference.shared, *sorted(numbers_a & numbers_b)),
        differing=tuple(sorted(difference.own_a | difference.own_b | (numbers_a ^ numbers_b))),
    )
