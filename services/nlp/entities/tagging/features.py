"""Features of the name tagger, from a token, its neighbours and its run of capitalised words.

Every feature depends on one word in one role (the token itself, the one before, the word after its run of capitals,
...), on two neighbours, on three shapes, or on the token's flags: the weights of each are added up once and kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nlp.entities.tagging.tokens import capital_runs
from nlp.words import word_list

WORD_ROLES = ("0", "-1", "+1", "-2", "+2", "before", "after", "last", "first")
"""A token, its neighbours, and of its run of capitals the words around it, the last and the first."""

_EDGE = ""
_GIVEN = word_list("given_names")
_LEGAL = word_list("legal_forms") - {"the", "as", "common", "class", "ordinary", "se", "trust"}
_GENERIC = word_list("generic_company_words")
_HONORIFICS = frozenset(("Mr", "Mr.", "Ms", "Ms.", "Mrs", "Mrs.", "Dr", "Dr.", "Sir", "Lord"))
_TITLE_SHARE = 0.65
# A headline has more long words than this.
_SHORT, _FEW = 3, 2
USES = ("inside", "legal", "person", "in", "owns", "bracket")
"""How text uses a capitalised word: inside a sentence, in a name with a legal form, in a person's, after "in", ..."""
LISTS = ("first name", "surname", "company", "first of company")
"""Lists of facts about words, see `nlp.training.entities.name_lists`."""
_STOPS = frozenset(".!?")
_LENGTHS = [f"length={size}" for size in range(5)]
_PLACES = [f"place={place}" for place in range(4)]


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


class Frame(NamedTuple):
    """What surrounds a token: its run of capitals (first, last), the shapes from left to right, and its flags."""

    token: int
    run: tuple[int, int] | None
    shapes: tuple[str, str, str]
    flags: tuple[str, ...]


# Callers cut the word: the cache is then bounded in bytes, not only in entries.
_SHAPED_CHARACTERS = 12


@lru_cache(maxsize=20_000)
def shape(word: str) -> str:
    """Return the letters of `word` as X, x and 0, runs cut to two: "McDonald" is XxXxx."""
    found = ""
    for letter in word[:_SHAPED_CHARACTERS]:
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
    found = [f"w={word.lower()}", f"s={shape(word[:_SHAPED_CHARACTERS])}"]
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


def word_features(role: str, word: str, facts: WordFacts) -> list[str]:
    """Return what `word` says in one of `WORD_ROLES`, as the artefact's vocabulary writes it: role, tab, feature."""
    if role == "0":
        found = _itself(word, facts)
    elif role in {"-1", "+1"}:
        found = _outline(word, facts) + _lists(word, facts)
    elif role in {"-2", "+2"}:
        found = _outline(word, facts)
    else:
        found = _use(word, facts)
    return [f"{role}\t{feature}" for feature in found]


def pair_features(role: str, left: str, right: str, facts: WordFacts) -> list[str]:
    """Return what two words say about the right one (role `<`) or the left one (role `>`)."""
    token, neighbour = (right, left) if role == "<" else (left, right)
    if token == _EDGE:
        return []
    found = [f"{role}\t{neighbour.lower()}|{shape(token[:_SHAPED_CHARACTERS])}"]
    if token[0].isupper():
        found.append(f"{role}\t{left.lower()}|{right.lower()}")
    known = [facts.clusters.get(_known_form(word)) if word else None for word in (left, right)]
    if known[0] is not None and known[1] is not None:
        found.append(f"{role}\tc{known[0][1]}|c{known[1][1]}")
    return found


def sentence_frames(
    words: Sequence[str],
    wanted: Sequence[int],
    marks: Mapping[int, tuple[str, ...]],
    seen: Mapping[str, frozenset[str]],
) -> Iterator[Frame]:
    """Yield the frame of each token in `wanted`.

    Parameters
    ----------
    marks : token -> what the gazetteer takes it for, see `gazetteer_marks`
    seen : lower-case word -> how the document uses it, see `document_uses`
    """
    shapes = [_EDGE, *map(shape, words), _EDGE]
    runs = capital_runs(words)
    titles = title_case_tokens(words)
    for index in wanted:
        word = words[index]
        flags = [*marks.get(index, ())]
        if index - 1 in marks:
            flags.append(f"<{marks[index - 1][0]}")
        if index + 1 in marks:
            flags.append(f">{marks[index + 1][0]}")
        run = runs[index] if word[0].isupper() else None
        if run is not None:
            first, last = run
            flags += (_LENGTHS[min(last - first, 4)], _PLACES[min(index - first, 3)])
            if last > index and words[last].lower() in _LEGAL:
                flags.append("form follows")
            if seen:
                flags += [f"seen={use}" for use in sorted(seen.get(word.lower(), ()))]
        if titles[index]:
            flags += ("title", f"title {shapes[index + 1]}")
        yield Frame(index, run, (shapes[index], shapes[index + 1], shapes[index + 2]), tuple(flags))


def frame_features(words: Sequence[str], frame: Frame, facts: WordFacts) -> list[str]:
    """Return all features of one token."""
    padded = [_EDGE, _EDGE, *words, _EDGE, _EDGE]
    index = frame.token + 2
    around = padded[index], padded[index - 1], padded[index + 1], padded[index - 2], padded[index + 2]
    roles = list(zip(WORD_ROLES, around, strict=False))
    if frame.run is not None:
        first, last = frame.run
        ends = padded[first + 1], padded[last + 3], words[last], words[first]
        roles += zip(WORD_ROLES[len(around) :], ends, strict=True)
    found = [feature for role, word in roles for feature in word_features(role, word, facts)]
    found += pair_features("<", around[1], around[0], facts)
    found += pair_features(">", around[0], around[2], facts)
    return [*found, *shape_features(frame.shapes), *flag_features(frame.flags)]


def shape_features(shapes: tuple[str, ...]) -> list[str]:
    """Return what the shapes of a token and its neighbours say."""
    return [f"shapes\t{'|'.join(shapes)}"]


def flag_features(flags: tuple[str, ...]) -> list[str]:
    """Return what the flags of a token say."""
    return [f"flags\t{flag}" for flag in flags]


def title_case_tokens(words: Sequence[str]) -> list[bool]:
    """Say for each token whether it stands between two full stops where most long words have a capital."""
    found: list[bool] = []
    n_words = n_long = n_raised = 0
    for word in words:
        n_words += 1
        if len(word) > _SHORT and word[0].isalpha():
            n_long += 1
            n_raised += word[0].isupper()
        elif word in _STOPS:
            found += [n_long > _FEW and n_raised > _TITLE_SHARE * n_long] * n_words
            n_words = n_long = n_raised = 0
    return found + [n_long > _FEW and n_raised > _TITLE_SHARE * n_long] * n_words


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
