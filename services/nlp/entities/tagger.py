"""The name tagger: a linear-chain conditional random field (Lafferty et al. 2001) over tokens, decoded by Viterbi.

Trained by `mia train entities`; at work it is a table of weights in NumPy and look-ups, without any other library.
"""

from collections.abc import Iterable, Sequence
from math import inf
from operator import itemgetter
from threading import Lock
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.artefacts import checked_path, load_arrays, load_manifest, unpack_words
from nlp.entities.features import (
    LISTS,
    USES,
    WORD_ROLES,
    Frame,
    WordFacts,
    document_uses,
    flag_features,
    pair_features,
    sentence_frames,
    shape_features,
    word_features,
)
from nlp.entities.gazetteer import AliasMatch
from nlp.entities.tokens import TokenSequence, name_tokens

ENTITIES_ARTEFACT = "entities"
NameKind = Literal["ORG", "PER", "LOC"]
LABELS = ("O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC")
_KINDS: tuple[NameKind, ...] = ("ORG", "PER", "LOC")
_TAGGED_CHARACTERS = 20_000
# Words of a longer text are also judged by how the rest of the text uses them.
LONGEST_HEADLINE = 40
_MAX_ROWS = 500_000
_OPENERS = frozenset(".!,&-'\u2019")
# How far from a capital, on both sides, a word without one may stand inside a name: "Department of the Treasury".
_REACH = 3
# Labels this far below the best of a token are not followed; 9 gave the same in cross-validation, 4.5 lost .008.
_BEAM = 7.0
_SECOND = itemgetter(1)
_ROWS_OF_TOKEN = len(WORD_ROLES) + 4

FloatArray = npt.NDArray[np.float32]


class NamedSpan(NamedTuple):
    """A name in a text: `end` is exclusive."""

    start: int
    end: int
    kind: NameKind


def gazetteer_marks(tokens: TokenSequence, matches: Iterable[AliasMatch]) -> dict[int, tuple[str, ...]]:
    """Return what the gazetteer takes each token for: type, trust in the alias, and first or later word of it."""
    first = {start: index for index, start in enumerate(tokens.starts)}
    last = {end: index for index, end in enumerate(tokens.ends)}
    found: dict[int, tuple[str, ...]] = {}
    for match in matches:
        begin, stop = first.get(match.start), last.get(match.end)
        if begin is None or stop is None or tokens.words[begin].islower():
            continue
        candidate = match.candidates[0]
        trust = str(candidate.kind) if candidate.entity.type == "company" else ""
        size = min(stop - begin, 2)
        kind = f"{candidate.entity.type}{trust}"
        for index in range(begin, stop + 1):
            place = "B" if index == begin else "I"
            found[index] = (f"listed={kind}{place}", f"type={candidate.entity.type}", f"size={kind}{place}{size}")
    return found


def candidates(words: Sequence[str]) -> list[int]:
    """Return the tokens that may belong to a name: those with a capital or figure, and those between them."""
    sure = [not word.islower() and (word[0].isalnum()) for word in words]
    size = len(words)
    found = []
    for index, is_sure in enumerate(sure):
        if (
            is_sure
            or (any(sure[max(0, index - _REACH) : index]) and any(sure[index + 1 : index + 1 + _REACH]))
            or (words[index] in _OPENERS and index > 0 and sure[index - 1])
            or (words[index] == "." and index + 1 < size and sure[index + 1])
        ):
            found.append(index)
    return found


class _KeptScores:
    """The added weights of the words, pairs, shapes and flags met so far, as rows of one table.

    Notes
    -----
    A word has a row for each of `WORD_ROLES`, a pair one for its right and one for its left word. Row 0 says nothing.
    """

    def __init__(self, feature_rows: dict[str, int], weights: FloatArray, facts: WordFacts) -> None:
        self._feature_rows = feature_rows
        self._weights = weights
        self._facts = facts
        self._lock = Lock()
        self._words: dict[str, int] = {}
        self._pairs: dict[tuple[str, str], tuple[int, int]] = {}
        self._sets: dict[tuple[str, ...], int] = {}
        self._table = np.zeros((4_096, weights.shape[1]), dtype=np.float32)
        self.n_rows = 1

    def emissions(self, words: list[str], frames: Iterable[Frame]) -> FloatArray:
        """Return the score of each label for the token of each frame: shape (n_frames, n_labels)."""
        known, pairs, sets = self._words, self._pairs, self._sets
        bases = [base if (base := known.get(word)) is not None else self._add_word(word) for word in words]
        edge = known.get("") or self._add_word("")
        bases = [edge, edge, *bases, edge, edge]
        padded = ["", *words, ""]
        rows: list[int] = []
        for index, run, shapes, flags in frames:
            left = padded[index], padded[index + 1]
            right = padded[index + 1], padded[index + 2]
            rows += (
                bases[index + 2],
                bases[index + 1] + 1,
                bases[index + 3] + 2,
                bases[index] + 3,
                bases[index + 4] + 4,
                (pairs.get(left) or self._add_pair(left))[0],
                (pairs.get(right) or self._add_pair(right))[1],
                sets[shapes] if shapes in sets else self._add_set(shapes, shape_features(shapes)),
                sets[flags] if flags in sets else self._add_set(flags, flag_features(flags)),
            )
            if run is None:
                rows += (0, 0, 0, 0)
            else:
                first, last = run
                rows += (bases[first + 1] + 5, bases[last + 3] + 6, bases[last + 2] + 7, bases[first + 2] + 8)
        found: FloatArray = self._table[rows].reshape(-1, _ROWS_OF_TOKEN, len(LABELS)).sum(axis=1)
        return found

    def _add_word(self, word: str) -> int:
        scores = [self._score(word_features(role, word, self._facts)) for role in WORD_ROLES]
        self._words[word] = base = self._append(scores)
        return base

    def _add_pair(self, pair: tuple[str, str]) -> tuple[int, int]:
        left, right = (self._row(pair_features(role, *pair, self._facts)) for role in "<>")
        self._pairs[pair] = rows = left, right
        return rows

    def _add_set(self, key: tuple[str, ...], features: list[str]) -> int:
        self._sets[key] = row = self._row(features)
        return row

    def _row(self, features: list[str]) -> int:
        score = self._score(features)
        return 0 if score is None else self._append([score])

    def _score(self, features: list[str]) -> FloatArray | None:
        rows = [row for name in features if (row := self._feature_rows.get(name)) is not None]
        if not rows:
            return None
        found: FloatArray = self._weights[rows[0]] if len(rows) == 1 else np.add.reduce(self._weights[rows])
        return found

    def _append(self, scores: list[FloatArray | None]) -> int:
        with self._lock:
            first = self.n_rows
            if first + len(scores) > len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            for row, score in enumerate(scores, first):
                if score is not None:
                    self._table[row] = score
            self.n_rows += len(scores)
            return first


class EntityTagger:
    """Finds the names of organisations, people and places in English text; safe to use from several threads.

    Parameters
    ----------
    arrays : the artefact: `features`, `weights` of shape (n_features, 7), `transitions` of shape (7, 7), and the word
        facts `words`, `clusters` of shape (n_words, n_levels), `capitals` (255 where a word was never counted)
    """

    def __init__(self, version: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.version = version
        self._facts = unpack_facts(arrays)
        self._feature_rows = {name: row for row, name in enumerate(unpack_words(arrays["features"]))}
        self._weights: FloatArray = arrays["weights"].astype(np.float32)
        allowed = allowed_transitions()
        self._moves: list[list[float]] = np.where(allowed, arrays["transitions"], -inf).tolist()
        self._kept = self._nothing_kept()

    @classmethod
    def load(cls) -> "EntityTagger":
        """Return the shipped tagger."""
        return cls(load_manifest()[ENTITIES_ARTEFACT].version, load_arrays(checked_path(ENTITIES_ARTEFACT)))

    def tag(self, text: str, matches: Sequence[AliasMatch]) -> list[NamedSpan]:
        """Return the names in the first 20,000 characters of `text`, in order.

        Parameters
        ----------
        matches : what the gazetteer finds in the text, see `Gazetteer.find`
        """
        tokens = name_tokens(text[:_TAGGED_CHARACTERS])
        wanted = candidates(tokens.words)
        if not wanted:
            return []
        uses = document_uses(tokens.words) if len(tokens.words) > LONGEST_HEADLINE else {}
        frames = sentence_frames(tokens.words, wanted, gazetteer_marks(tokens, matches), uses)
        if self._kept.n_rows > _MAX_ROWS:
            self._kept = self._nothing_kept()
        labels = self._decode(wanted, self._kept.emissions(tokens.words, frames))
        return [
            NamedSpan(tokens.starts[first], tokens.ends[last], kind) for first, last, kind in labelled_spans(labels)
        ]

    def _nothing_kept(self) -> _KeptScores:
        return _KeptScores(self._feature_rows, self._weights, self._facts)

    def _decode(self, wanted: list[int], emissions: FloatArray) -> dict[int, int]:
        """Return the label of each wanted token on the likeliest path; the tokens between are outside of names.

        Notes
        -----
        Only labels within `_BEAM` of a token's best are followed, and tokens that leave nothing but "outside" cost no
        step at all.
        """
        found: dict[int, int] = {}
        moves = self._moves
        alive = [(0, 0.0)]
        steps: list[tuple[int, dict[int, int]]] = []
        previous = -1
        undecided = np.flatnonzero(emissions[:, 1:].max(axis=1) > emissions[:, 0] - _BEAM).tolist()
        for position, scores in zip(undecided, emissions[undecided].tolist(), strict=True):
            index = wanted[position]
            if steps and index != previous + 1:
                self._trace(found, alive, steps)
                alive, steps = [(0, 0.0)], []
            previous = index
            floor = max(scores) - _BEAM
            kept = [(label, score) for label, score in enumerate(scores) if score > floor or not label]
            reached: list[tuple[int, float]] = []
            back: dict[int, int] = {}
            for label, score in kept:
                best, origin = -inf, -1
                for before, total in alive:
                    if (move := moves[before][label] + total) > best:
                        best, origin = move, before
                if origin >= 0:
                    reached.append((label, best + score))
                    back[label] = origin
            limit = max(reached, key=_SECOND)[1] - _BEAM
            alive = [one for one in reached if one[1] > limit]
            steps.append((index, back))
        if steps:
            self._trace(found, alive, steps)
        return found

    def _trace(
        self, found: dict[int, int], alive: list[tuple[int, float]], steps: list[tuple[int, dict[int, int]]]
    ) -> None:
        """Add the labels of a stretch that begins and ends outside of names."""
        label = max(alive, key=lambda one: one[1] + self._moves[one[0]][0])[0]
        for index, back in reversed(steps):
            if label:
                found[index] = label
            label = back[label]


def allowed_transitions() -> npt.NDArray[np.bool_]:
    """Return which label may follow which: a name is gone on with only after its own beginning."""
    allowed = np.ones((len(LABELS), len(LABELS)), dtype=np.bool_)
    for label, name in enumerate(LABELS):
        if name[0] == "I":
            allowed[:, label] = [before[2:] == name[2:] for before in LABELS]
    return allowed


def labelled_spans(labels: dict[int, int]) -> list[tuple[int, int, NameKind]]:
    """Return the names in token -> label as (first token, last token, kind)."""
    found: list[tuple[int, int, NameKind]] = []
    for index in sorted(labels):
        label = labels[index]
        if not label:
            continue
        kind = _KINDS[(label - 1) // 2]
        if label % 2 == 0 and found and found[-1][1] == index - 1 and found[-1][2] == kind:
            found[-1] = (found[-1][0], index, kind)
        else:
            found.append((index, index, kind))
    return found


def unpack_facts(arrays: dict[str, npt.NDArray[Any]]) -> WordFacts:
    """Return the word facts of the artefact."""
    words = unpack_words(arrays["words"])
    levels = arrays["clusters"]
    clusters = dict(zip(words, map(tuple, levels.tolist()), strict=False))
    capitals = {word: step for word, step in zip(words, arrays["capitals"].tolist(), strict=True) if step != 255}
    uses = _by_bits(words, arrays["uses"], USES)
    lists = _by_bits(unpack_words(arrays["listed"]), arrays["lists"], LISTS)
    return WordFacts(clusters, capitals, uses, lists)


def _by_bits(words: list[str], masks: npt.NDArray[Any], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return for each word the names whose bit its mask has; equal masks share one tuple."""
    sets = [tuple(name for bit, name in enumerate(names) if mask >> bit & 1) for mask in range(1 << len(names))]
    return {word: sets[mask] for word, mask in zip(words, masks.tolist(), strict=True) if mask}
