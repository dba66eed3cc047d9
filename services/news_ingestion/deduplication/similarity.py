"""Decides whether two headlines say the same, with the rule that decided and the words for and against.

Overlap alone cannot tell "Pepper futures rise on spot demand" from "Aluminium futures rise on spot demand", nor a
raised from a lowered price target. So the decision looks at what differs: a figure, a date, a direction or a name
that stands in one headline in the place of another is a different event, however much else is shared. Words that only
one side has, and that replace nothing, are what syndication adds.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from news_ingestion.articles.headline import Headline
from news_ingestion.articles.vocabulary import OPPOSITES, SUBJECTS

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
_WITH_OPPOSITE = frozenset(word for pair in OPPOSITES for word in pair)
_START, _END = "^", "$"


class _Difference(NamedTuple):
    """The words of two headlines: shared ones, which are those of `words` not in `own_a`, and each side's own.

    Notes
    -----
    `twins` pairs spellings of one word.
    """

    words: tuple[str, ...]
    n_shared: int
    own_a: AbstractSet[str]
    own_b: AbstractSet[str]
    twins: Mapping[str, str]
    shared_numbers: frozenset[str]
    own_numbers: frozenset[str]


class TextComparison(NamedTuple):
    """An explained decision: `similarity` in [0, 1] is the share of words and figures that both texts have."""

    duplicate: bool
    rule: Rule
    similarity: float
    difference: _Difference

    @property
    def shared(self) -> tuple[str, ...]:
        """Return the words and figures that both have."""
        words = (word for word in dict.fromkeys(self.difference.words) if word not in self.difference.own_a)
        return (*words, *sorted(self.difference.shared_numbers))

    @property
    def differing(self) -> tuple[str, ...]:
        """Return the words and figures that only one has."""
        return tuple(sorted(self.difference.own_a | self.difference.own_b | self.difference.own_numbers))


def _is_same_word(word: str, other: str) -> bool:
    """Return whether two words of one initial are spellings of one: fuelled/fueled, Bieber/Beiber, China/Chinese."""
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
    own_a, own_b = a.word_set - b.word_set, b.word_set - a.word_set
    twins: dict[str, str] = {}
    # Spellings matter where the rest agrees; among words that have nothing in common none is looked for.
    if own_a and own_b and len(a.word_set) - len(own_a) >= _MIN_SHARED_WORDS:
        others = sorted(own_b)
        for word in sorted(own_a):
            for other in others:
                if word[0] == other[0] and _is_same_word(word, other):
                    twins[word] = other
                    others.remove(other)
                    break
        if twins:
            own_a, own_b = own_a.difference(twins), own_b.difference(twins.values())
    n_shared = len(a.word_set) - len(own_a)
    return _Difference(a.words, n_shared, own_a, own_b, twins, a.numbers & b.numbers, a.numbers ^ b.numbers)


def _gaps(words: Sequence[str], own: AbstractSet[str], twins: Mapping[str, str]) -> list[tuple[str, str, list[str]]]:
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
    if not (a.is_truncated or b.is_truncated):
        return False
    short, long = sorted((a, b), key=lambda headline: (not headline.is_truncated, len(headline.sequence)))
    n_whole = len(short.sequence) - 1
    return n_whole >= 2 and short.sequence[:n_whole] == long.sequence[:n_whole]


def _figures_conflict(a: Headline, b: Headline) -> bool:
    """Return whether figures contradict; numbers in words and what a cut may have taken count only when both differ."""
    if a.figures == b.figures and a.spelled == b.spelled:
        return False
    all_a, all_b = a.figures | a.spelled, b.figures | b.spelled
    own_a, own_b = all_a - all_b, all_b - all_a
    missing_in_b = bool(own_a & a.figures) and not b.is_truncated
    missing_in_a = bool(own_b & b.figures) and not a.is_truncated
    return missing_in_a or missing_in_b or bool(own_a and own_b)


def _has_opposites(own_a: AbstractSet[str], own_b: AbstractSet[str]) -> bool:
    words_a, words_b = own_a & _WITH_OPPOSITE, own_b & _WITH_OPPOSITE
    return any((word, other) in OPPOSITES for word in words_a for other in words_b)


def _overlaps(difference: _Difference, similarity: float) -> bool:
    """Return whether so much is shared that only a contradiction could keep the two apart."""
    n_shared = difference.n_shared
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
    if _has_opposites(difference.own_a, difference.own_b):
        return False, "direction"
    if a.words == b.words:
        return True, "identical"
    replaced = _replacement_rule(a, b, difference)
    return (False, replaced) if replaced is not None else (True, "overlap")


def compare_headlines(a: Headline, b: Headline) -> TextComparison:
    """Return whether `a` and `b` tell the same, with the rule that decided; the order of the two does not matter."""
    difference = _difference(a, b)
    n_shared = difference.n_shared + len(difference.shared_numbers)
    n_all = n_shared + len(difference.own_a) + len(difference.own_b) + len(difference.own_numbers)
    similarity = n_shared / n_all if n_all else 1.0
    duplicate, rule = _rule(a, b, difference, similarity)
    return TextComparison(duplicate, rule, round(similarity, 4), difference)
