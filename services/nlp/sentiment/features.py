"""Features of the linear models, by family, and the letters inside the words.

Two blocks, each brought to unit length by itself: `words` (single forms, pairs up to three apart, first and last form,
and for an entity what stands on which side of it, how near, and in which clause) and `letters` (runs of three to five
letters of each form). A feature counts as often as it occurs. Families come as iterables of keys made by `zip`, so that
the direct path looks them up without a line of Python for each.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise, repeat

ENTITY = "<entity>"
_SHORTEST, _LONGEST = 3, 5
_CLAUSE_ENDS = frozenset((",", ";", ":", "-", "while", "as", "but", "although", "after", "amid", "despite", "whereas"))
_LEFT = ("<1", "<2", "<3", "<5", "<5", *("<9",) * 400)
_RIGHT = (">1", ">2", ">3", ">5", ">5", *(">9",) * 400)

Key = str | tuple[str, ...]
Families = list[tuple[str, Iterable[Key]]]
"""Name of the family and the keys of its features in a text."""


def pieces(form: str) -> list[str]:
    """Return the letter runs of `form` with its borders marked; marks such as `<link>` have none."""
    if form[0] == "<" or len(form) == 1:
        return []
    marked = f"_{form}_"
    return [
        marked[start : start + size]
        for size in range(_SHORTEST, min(_LONGEST, len(marked) - 1) + 1)
        for start in range(len(marked) - size + 1)
    ]


def document_families(forms: Sequence[str]) -> Families:
    """Return the word features of a text given by its forms; an empty text has none."""
    if not forms:
        return []
    return [
        ("form", forms),
        ("next", pairwise(forms)),
        ("second", zip(forms, forms[2:], strict=False)),
        ("third", zip(forms, forms[3:], strict=False)),
        ("edge", (("^", forms[0]), (forms[-1], "$"))),
    ]


def _clause(forms: Sequence[str]) -> int:
    """Return how many of `forms` still belong to the clause that they begin in."""
    for index, form in enumerate(forms):
        if form in _CLAUSE_ENDS:
            return index
    return len(forms)


def entity_families(before: Sequence[str], after: Sequence[str]) -> Families:
    """Return the word features of a text around one name.

    Notes
    -----
    Those of the text with the name masked, and each form's side, distance and clause as seen from the name.
    """
    left = before[::-1]
    left_end, right_end = _clause(left), _clause(after)
    near_left, near_right = left[:left_end], after[:right_end]
    return [
        *document_families([*before, ENTITY, *after]),
        ("near", chain(zip(_LEFT, left, strict=False), zip(_RIGHT, after, strict=False))),
        (
            "clause",
            chain(
                zip(repeat("<in"), near_left, strict=False),
                zip(repeat("<out"), left[left_end:], strict=False),
                zip(repeat(">in"), near_right, strict=False),
                zip(repeat(">out"), after[right_end:], strict=False),
            ),
        ),
        (
            "phrase",
            chain(
                zip(repeat("<"), near_left, near_left[1:], strict=False),
                zip(repeat(">"), near_right, near_right[1:], strict=False),
            ),
        ),
    ]


def written(families: Families) -> list[str]:
    """Return the features as the artefact's vocabulary writes them: family and key parts joined by tabs."""
    return [
        f"{family}\t{key}" if isinstance(key, str) else "\t".join((family, *key))
        for family, keys in families
        for key in keys
    ]


def letter_features(forms: Sequence[str]) -> list[str]:
    """Return the letter runs of all forms of a text."""
    return list(chain.from_iterable(pieces(form) for form in forms))
