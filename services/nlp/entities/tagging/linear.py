"""The name tagger of the fast tier: a linear-chain conditional random field (Lafferty et al. 2001) over tokens.

Trained by `mia train entities`; at work it is a table of weights in NumPy and look-ups, without any other library.
"""

from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt

from nlp.artefacts import Arrays, checked_path, load_arrays, load_manifest, unpack_words
from nlp.entities.gazetteer import AliasMatch
from nlp.entities.tagging.decoding import LabelDecoder
from nlp.entities.tagging.features import (
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
from nlp.entities.tagging.labels import LABELS, TAGGED_CHARACTERS, NamedSpan, candidates, named_spans
from nlp.entities.tagging.listed_words import gazetteer_marks
from nlp.entities.tagging.tokens import name_tokens

ENTITIES_ARTEFACT = "entities"
# Words of a longer text are also judged by how the rest of the text uses them.
LONGEST_HEADLINE = 40
# Whichever is reached first. A pair that says nothing takes no row, and most new pairs say nothing: at 50 headlines a
# second they grew by 3 MB a minute.
_MAX_ROWS = 500_000
_MAX_PAIRS = 50_000
_MAX_CHARACTERS = 4_000_000
# 9 gave the same in cross-validation, 4.5 lost .008.
_BEAM = 7.0
_ROWS_OF_TOKEN = len(WORD_ROLES) + 4

FloatArray = npt.NDArray[np.float32]


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
        self._n_characters = 0
        self._n_rows = 1

    @property
    def is_full(self) -> bool:
        """Whether it is time to begin anew."""
        return self._n_rows > _MAX_ROWS or len(self._pairs) > _MAX_PAIRS or self._n_characters > _MAX_CHARACTERS

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
        self._n_characters += len(word)
        return base

    def _add_pair(self, pair: tuple[str, str]) -> tuple[int, int]:
        left, right = (self._row(pair_features(role, *pair, self._facts)) for role in "<>")
        self._pairs[pair] = rows = left, right
        self._n_characters += len(pair[0]) + len(pair[1])
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
            first = self._n_rows
            if first + len(scores) > len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            for row, score in enumerate(scores, first):
                if score is not None:
                    self._table[row] = score
            self._n_rows += len(scores)
            return first


class EntityTagger:
    """Finds the names of organisations, people and places in English text; safe to use from several threads.

    Parameters
    ----------
    arrays : the artefact: `features`, `weights` of shape (n_features, 7), `transitions` of shape (7, 7), and the word
        facts `words`, `clusters` of shape (n_words, n_levels), `capitals` (255 where a word was never counted)
    """

    reads_headlines = False

    def __init__(self, version: str, arrays: Arrays) -> None:
        self.versions = {"entities": version}
        self._facts = unpack_facts(arrays)
        self._feature_rows = {name: row for row, name in enumerate(unpack_words(arrays["features"]))}
        self._weights: FloatArray = arrays["weights"].astype(np.float32)
        self._decoder = LabelDecoder(arrays["transitions"], _BEAM)
        self._kept = self._nothing_kept()

    @classmethod
    def load(cls) -> "EntityTagger":
        """Return the shipped tagger."""
        return cls(load_manifest()[ENTITIES_ARTEFACT].version, load_arrays(checked_path(ENTITIES_ARTEFACT)))

    def tag(self, texts: Sequence[str], matches: Sequence[Sequence[AliasMatch]]) -> list[list[NamedSpan]]:
        """Return the names in the first 20,000 characters of each text, in order."""
        return [self._tagged(text, found) for text, found in zip(texts, matches, strict=True)]

    def _tagged(self, text: str, matches: Sequence[AliasMatch]) -> list[NamedSpan]:
        tokens = name_tokens(text[:TAGGED_CHARACTERS])
        wanted = candidates(tokens.words)
        if not wanted:
            return []
        uses = document_uses(tokens.words) if len(tokens.words) > LONGEST_HEADLINE else {}
        frames = sentence_frames(tokens.words, wanted, gazetteer_marks(tokens, matches), uses)
        if self._kept.is_full:
            self._kept = self._nothing_kept()
        labels = self._decoder.decode(wanted, self._kept.emissions(tokens.words, frames))
        return named_spans(tokens, labels)

    def _nothing_kept(self) -> _KeptScores:
        return _KeptScores(self._feature_rows, self._weights, self._facts)


def unpack_facts(arrays: Arrays) -> WordFacts:
    """Return the word facts of the artefact."""
    words = unpack_words(arrays["words"])
    levels = arrays["clusters"]
    clusters = dict(zip(words, map(tuple, levels.tolist()), strict=False))
    capitals = {word: step for word, step in zip(words, arrays["capitals"].tolist(), strict=True) if step != 255}
    uses = _by_bits(words, arrays["uses"], USES)
    lists = _by_bits(unpack_words(arrays["listed"]), arrays["lists"], LISTS)
    return WordFacts(clusters, capitals, uses, lists)


def _by_bits(words: list[str], masks: npt.NDArray[np.uint8], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return for each word the names whose bit its mask has; equal masks share one tuple."""
    sets = [tuple(name for bit, name in enumerate(names) if mask >> bit & 1) for mask in range(1 << len(names))]
    return {word: sets[mask] for word, mask in zip(words, masks.tolist(), strict=True) if mask}
