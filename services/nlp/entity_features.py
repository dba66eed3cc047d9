"""Features of the name tagger: what a token, its neighbours and its run of capitals say about its label.

Every feature belongs to a *cell*: a role (the token itself, the one before, the word after the run, ...) with the word
or words that fill it. What a cell says depends on nothing else, so that its weights are added up once and kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nlp.entity_tokens import capital_runs
from nlp.word_lists import word_list

Cell = tuple[str, ...]
"""A role and the words that fill it."""

_EDGE = ""
_GIVEN = word_list("given_names")
_LEGAL = word_list("legal_forms") - {"the", "as", "common", "class", "ordinary", "se", "trust"}
_GENERIC = word_list("generic_company_words")
_HONORIFICS = frozenset(("Mr", "Mr.", "Ms", "Ms.", "Mrs", "Mrs.", "Dr", "Dr.", "Sir", "Lord"))
_CASE_STEPS = 5
_TITLE_SHARE = 0.65
USES = ("inside", "legal", "person", "in", "owns", "bracket")
"""How text uses a capitalised word: inside a sentence, in a name with a legal form, in a person's, after "in", ..."""
LISTS = ("first name", "surname", "company", "first of company")
"""Lists of facts about words, see `nlp.training.name_lists`."""
_STOPS = frozenset(".!?")


@dataclass(frozen=True, slots=True)
class WordFacts:
    """What unlabelled text taught about words: clusters by use, coarse to fine, and how often each has a capital.

    Notes
    -----
    `clusters` maps a lower-case word to its clusters, `capitals` to a step from 0 (never capitalised inside a
    sentence) to 5 (always), `uses` to those of `USES` that are usual for it, `lists` to those
    of `LISTS` that hold it.
    """

    clusters: Mapping[str, tuple[int, ...]]
    capitals: Mapping[str, int]
    uses: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=20_000)
def shape(word: str) -> str:
    """Return the letters of `word` as X, x and 0, runs cut to two: "McDonald" is XxXxx."""
    found = ""
    for letter in word[:12]:
        kind = "X" if letter.isupper() else "x" if letter.islower() else "0" if letter.isdigit() else letter
        if found[-2:] != kind * 2:
            found += kind
    return found


def _known_form(word: str) -> str:
    return "0" * len(word) if word[0].isdigit() else word.lower()


def _outline(word: str, facts: WordFacts) -> list[str]:
    """Return what a word says to its neighbours too."""
    if word == _EDGE:
        return ["w=<edge>"]
    found = [f"w={word.lower()}", f"s={shape(word)}"]
    known = facts.clusters.get(_known_form(word))
    if known is None:
        return [*found, "c=?"]
    return found + [f"c{level}={cluster}" for level, cluster in enumerate(known)]


def _lists(word: str, facts: WordFacts) -> list[str]:
    low = word.lower()
    found = [name for name, words in (("given", _GIVEN), ("legal", _LEGAL), ("generic", _GENERIC)) if low in words]
    if word[:1].isupper():
        found.append(f"case={facts.capitals.get(low, '?')}")
        found += [f"list={name}" for name in facts.lists.get(low, ())]
        found += [f"use={use}" for use in facts.uses.get(low, ())]
    return found


def _itself(word: str, facts: WordFacts) -> list[str]:
    low = word.lower()
    affixes = [f"p{size}={word[:size]}" for size in (2, 3, 4) if len(word) > size]
    affixes += [f"e{size}={low[-size:]}" for size in (2, 3, 4) if len(word) > size]
    if word.isupper() and len(word) > 1:
        affixes.append(f"acronym={min(len(word), 6)}")
    return ["any", *_outline(word, facts), *affixes, *_lists(word, facts)]


def _use(word: str, facts: WordFacts) -> list[str]:
    found = [f"w={word.lower() or '<edge>'}"]
    known = facts.clusters.get(_known_form(word)) if word else None
    return found if known is None else found + [f"c{level}={known[level]}" for level in range(1, len(known))]


def _pair(left: str, right: str, facts: WordFacts, *, is_left: bool) -> list[str]:
    """Return what a token says together with one neighbour; `is_left` says that the neighbour is `left`."""
    token, neighbour = (right, left) if is_left else (left, right)
    found = [f"{neighbour.lower()}|{shape(token)}"]
    if token[0].isupper():
        found.append(f"{left.lower()}|{right.lower()}")
    known = [facts.clusters.get(_known_form(word)) if word else None for word in (left, right)]
    if known[0] is not None and known[1] is not None:
        found.append(f"c{known[0][1]}|c{known[1][1]}")
    return found


def cell_features(cell: Cell, facts: WordFacts) -> list[str]:
    """Return the features of a cell as the artefact's vocabulary writes them."""
    role, *words = cell
    if role == "0":
        found = _itself(words[0], facts)
    elif role in {"-1", "+1"}:
        found = _outline(words[0], facts) + _lists(words[0], facts)
    elif role in {"-2", "+2"}:
        found = _outline(words[0], facts)
    elif role in {"before", "after", "last", "first"}:
        found = _use(words[0], facts)
    elif role in {"<", ">"}:
        found = _pair(words[0], words[1], facts, is_left=role == "<")
    elif role == "shapes":
        found = ["|".join(words)]
    else:
        found = words
    return [f"{role}\t{feature}" for feature in found]


def sentence_cells(
    words: Sequence[str],
    wanted: Sequence[int],
    marks: Mapping[int, tuple[str, ...]],
    seen: Mapping[str, frozenset[str]],
) -> list[list[Cell]]:
    """Return the cells of each token in `wanted`.

    Parameters
    ----------
    marks : token -> what the gazetteer takes it for, see `gazetteer_marks`
    seen : lower-case word -> how the document uses it, see `document_uses`
    """
    size = len(words)
    padded = [_EDGE, _EDGE, *words, _EDGE, _EDGE]
    shapes = ["", *map(shape, words), ""]
    runs = capital_runs(words)
    titles = title_case_tokens(words)
    found: list[list[Cell]] = []
    for index in wanted:
        word = words[index]
        before, after = padded[index + 1], padded[index + 3]
        cells: list[Cell] = [
            ("0", word), ("-1", before), ("+1", after), ("-2", padded[index]), ("+2", padded[index + 4]),
            ("<", before, word), (">", word, after),
            ("shapes", shapes[index], shapes[index + 1], shapes[index + 2]),
        ]  # fmt: skip
        flags = [*marks.get(index, ())]
        flags += [f"<{mark}" for mark in marks.get(index - 1, ())[:1]]
        flags += [f">{mark}" for mark in marks.get(index + 1, ())[:1]]
        if word[0].isupper():
            first, last = runs[index]
            cells += [
                ("before", words[first - 1] if first else _EDGE),
                ("after", words[last + 1] if last + 1 < size else _EDGE),
                ("last", words[last]),
                ("first", words[first]),
            ]
            flags += [f"length={min(last - first, 4)}", f"place={min(index - first, 3)}"]
            if last > index and words[last].lower() in _LEGAL:
                flags.append("form follows")
            flags += [f"seen={use}" for use in sorted(seen.get(word.lower(), ()))]
        if titles[index]:
            flags += ["title", f"title {shapes[index + 1]}"]
        cells.append(("flags", *flags))
        found.append(cells)
    return found


def title_case_tokens(words: Sequence[str]) -> list[bool]:
    """Say for each token whether it stands between two full stops where most long words have a capital."""
    found: list[bool] = []
    begin = 0
    for index, word in enumerate([*words, "."]):
        if word in _STOPS:
            part = words[begin : index + 1]
            long = [one for one in part if len(one) > 3 and one[0].isalpha()]
            raised = sum(one[0].isupper() for one in long)
            found += [len(long) > 2 and raised > _TITLE_SHARE * len(long)] * len(part)
            begin = index + 1
    return found


def document_uses(words: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return how a document uses its words elsewhere: in lower case, after a title, before a legal form, ..."""
    found: dict[str, set[str]] = {}
    for word, use in name_uses(words):
        found.setdefault(word, set()).add(use)
    return {word: frozenset(uses) for word, uses in found.items()}


def name_uses(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each use of each word, in lower case: one of `USES`, or `lower` for a word without a capital."""
    size = len(words)
    for index, (word, (first, last)) in enumerate(zip(words, capital_runs(words), strict=True)):
        if not word[0].isupper():
            if word.isalpha():
                yield word, "lower"
            continue
        low = word.lower()
        before = words[first - 1] if first else "."
        after = words[last + 1] if last + 1 < size else ""
        if index > first or (before not in _STOPS and before not in {'"', "\u201c", ":"}):
            yield low, "inside"
        if words[last].lower() in _LEGAL or (after == "," and last + 2 < size and words[last + 2].lower() in _LEGAL):
            yield low, "legal"
        if index > first and (words[first] in _HONORIFICS or words[first].lower() in _GIVEN):
            yield low, "person"
        if before in {"in", "near"}:
            yield low, "in"
        if after in {"'s", "\u2019s"}:
            yield low, "owns"
        if after == "(" and last + 2 < size and words[last + 2].isupper():
            yield low, "bracket"
