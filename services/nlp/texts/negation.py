"""Which words of a text are negated."""

from collections.abc import Sequence

from nlp.words import word_list

_NEGATIONS = word_list("negations")
_ENDS = frozenset((",", ";", ":", ".", "!", "?", "but", "however", "although", "though", "while", "yet", "except"))
_SCOPE = 6


def negated_positions(forms: Sequence[str]) -> frozenset[int]:
    """Return the indices of the forms in the scope of a negation word: up to six forms on, or to the clause's end.

    Notes
    -----
    A second negation inside the scope closes it: "not without profit" is no denial of the profit.
    """
    if _NEGATIONS.isdisjoint(forms):
        return frozenset()
    found: set[int] = set()
    left = 0
    for index, form in enumerate(forms):
        if form in _NEGATIONS:
            left = 0 if left else _SCOPE
        elif form in _ENDS:
            left = 0
        elif left:
            found.add(index)
            left -= 1
    return frozenset(found)
