"""Whether a text states, denies or hedges something."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlp.texts.cue_index import CueIndex
from nlp.texts.negation import negated_positions
from nlp.texts.tokens import forms, offsets, raw_tokens
from nlp.words import phrase_list, word_list

_HEDGES = phrase_list("hedges")
_SENTENCE_HEDGES = phrase_list("sentence_hedges")
_DENIALS = phrase_list("denials")
_NEGATIONS = word_list("negations")
# Whole words alone are looked for first: almost every headline has none of them, and then costs one search.
_CUES = CueIndex(sorted(_HEDGES | _SENTENCE_HEDGES | _DENIALS | _NEGATIONS))
_CLAUSE_ENDS = frozenset(
    (",", ";", ":", ".", "!", "?", "but", "however", "although", "though", "while", "yet", "after")
)
_SENTENCE_ENDS = frozenset((";", ".", "!", "?"))
_LONGEST_PHRASE = 4
_HEDGE_SCOPE = 10
_DENIAL_SCOPE = 8
_BEFORE_MONTH = frozenset(("in", "on", "of", "for", "since", "until", "by", "late", "early", "mid", "ended", "through"))
_AFTER_MONTH = word_list("after_months")


class Assertion(NamedTuple):
    """How a text puts a thing: plainly when neither is true."""

    negated: bool
    hedged: bool


_PLAIN = Assertion(negated=False, hedged=False)


class Assertions:
    """The stretches of one text that stand under a negation or a hedge.

    Parameters
    ----------
    folded : text in lower case (see `nlp.entities.gazetteer.fold`), a headline or a sentence
    """

    def __init__(self, folded: str) -> None:
        self._is_plain = "?" not in folded and next(_CUES.find(folded), None) is None
        if self._is_plain:
            return
        raw = raw_tokens(folded)
        found = forms(folded)
        self._starts = offsets(folded, raw)
        self._ends = [start + len(token) for start, token in zip(self._starts, raw, strict=True)]
        self._negated = negated_positions(found) | _reach(found, _DENIALS, _DENIAL_SCOPE)
        self._hedged = hedged_positions(found)

    def of(self, start: int, end: int, *, by_head: bool = False) -> Assertion:
        """Return how the text puts what stands at [`start`, `end`), judged by its first and last word.

        Parameters
        ----------
        by_head : for a negation judge by the first word alone; for what is itself a denial ("fails to meet")
        """
        if self._is_plain:
            return _PLAIN
        inside = [index for index, place in enumerate(self._starts) if place < end and self._ends[index] > start]
        if not inside:
            return _PLAIN
        edges = {inside[0], inside[-1]}
        return Assertion(
            negated=not self._negated.isdisjoint({inside[0]} if by_head else edges),
            hedged=not self._hedged.isdisjoint(edges),
        )


def hedged_positions(found: Sequence[str]) -> frozenset[int]:
    """Return the indices of the forms that are only said to be possible.

    Notes
    -----
    "May", "could" or "in talks" reach up to ten forms on, or to the end of the clause; "reportedly", "rumor" or a
    question mark hedge their whole sentence, wherever they stand in it.
    """
    hedged = set(_reach(found, _HEDGES, _HEDGE_SCOPE))
    for start, end in _sentences(found):
        if found[end - 1] == "?" or next(_phrases(found, _SENTENCE_HEDGES, start, end), None) is not None:
            hedged.update(range(start, end))
    return frozenset(hedged)


def _reach(found: Sequence[str], phrases: frozenset[str], scope: int) -> frozenset[int]:
    """Return the positions up to `scope` forms behind each of the phrases, within its clause."""
    reached: set[int] = set()
    for _, stop in _phrases(found, phrases, 0, len(found)):
        for index in range(stop, min(len(found), stop + scope)):
            if found[index] in _CLAUSE_ENDS:
                break
            reached.add(index)
    return frozenset(reached)


def _phrases(found: Sequence[str], phrases: frozenset[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the place of each phrase in `found[start:end]`."""
    for index in range(start, end):
        for stop in range(index + 1, min(end, index + _LONGEST_PHRASE) + 1):
            if " ".join(found[index:stop]) in phrases and not _is_month(found, index):
                yield index, stop


def _is_month(found: Sequence[str], index: int) -> bool:
    if found[index] != "may":
        return False
    following = found[index + 1] if index + 1 < len(found) else ""
    previous = found[index - 1] if index else ""
    return not following[:1].isalpha() or following in _AFTER_MONTH or (previous in _BEFORE_MONTH and following != "be")


def _sentences(found: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a list of forms; a full stop inside an abbreviation only makes them shorter."""
    start = 0
    for index, form in enumerate(found):
        if form in _SENTENCE_ENDS:
            yield start, index + 1
            start = index + 1
    if start < len(found):
        yield start, len(found)
