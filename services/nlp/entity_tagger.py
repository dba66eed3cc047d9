"""The name tagger: a linear-chain conditional random field (Lafferty et al. 2001) over tokens, decoded by Viterbi.

Trained by `mia train entities`; at work it is a table of weights in NumPy and look-ups, without any other library.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import inf
from threading import Lock
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.artefacts import checked_path, load_arrays, load_manifest, unpack_words
from nlp.entity_features import LISTS, USES, Cell, WordFacts, cell_features, document_uses, sentence_cells
from nlp.entity_tokens import TokenSequence, name_tokens
from nlp.gazetteer import AliasMatch

ENTITIES_ARTEFACT = "entities"
NameKind = Literal["ORG", "PER", "LOC"]
LABELS = ("O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC")
_KINDS: tuple[NameKind, ...] = ("ORG", "PER", "LOC")
_TAGGED_CHARACTERS = 20_000
# Words of a longer text are also judged by how the rest of the text uses them.
LONGEST_HEADLINE = 40
_MAX_CELLS = 200_000
_OPENERS = frozenset(".!,&-'\u2019")
# How far from a capital, on both sides, a word without one may stand inside a name: "Department of the Treasury".
_REACH = 3
# Labels this far below the best of a token never came back in the decoding of the validation part.
_BEAM = 9.0
# The row of cells that say nothing.
_NOTHING = 0

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


class _CellScores:
    """The added weights of the cells met so far: one row each."""

    def __init__(self, feature_rows: dict[str, int], weights: FloatArray, facts: WordFacts) -> None:
        self._feature_rows = feature_rows
        self._weights = weights
        self._facts = facts
        self._lock = Lock()
        self.rows: dict[Cell, int] = {}
        self.scores = np.zeros((1_024, weights.shape[1]), dtype=np.float32)
        self._used = _NOTHING + 1

    def add(self, cell: Cell) -> int:
        """Return the row of a cell that is met for the first time."""
        known = [row for name in cell_features(cell, self._facts) if (row := self._feature_rows.get(name)) is not None]
        if not known:
            self.rows[cell] = _NOTHING
            return _NOTHING
        score = self._weights[known[0]] if len(known) == 1 else np.add.reduce(self._weights[known])
        with self._lock:
            row = self._used
            if row == len(self.scores):
                self.scores = np.concatenate([self.scores, np.zeros_like(self.scores)])
            self.scores[row] = score
            self._used += 1
            self.rows[cell] = row
        return row


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
        self._cells = _CellScores(self._feature_rows, self._weights, self._facts)

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
        cells = sentence_cells(tokens.words, wanted, gazetteer_marks(tokens, matches), uses)
        labels = self._decode(wanted, self._emissions(cells))
        return [
            NamedSpan(tokens.starts[first], tokens.ends[last], kind) for first, last, kind in labelled_spans(labels)
        ]

    def _emissions(self, cells: list[list[Cell]]) -> list[list[float]]:
        known = self._cells
        if len(known.rows) > _MAX_CELLS:
            known = self._cells = _CellScores(self._feature_rows, self._weights, self._facts)
        rows = [
            row if (row := known.rows.get(cell)) is not None else known.add(cell) for each in cells for cell in each
        ]
        begins = [0, *accumulate(map(len, cells[:-1]))]
        found: list[list[float]] = np.add.reduceat(known.scores[rows], begins, axis=0).tolist()
        return found

    def _decode(self, wanted: list[int], emissions: list[list[float]]) -> dict[int, int]:
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
        for index, scores in zip(wanted, emissions, strict=True):
            floor = max(scores) - _BEAM
            kept = [(label, score) for label, score in enumerate(scores) if score > floor or not label]
            if steps and (index != previous + 1 or len(kept) == 1):
                self._trace(found, alive, steps)
                alive, steps = [(0, 0.0)], []
            previous = index
            if len(kept) == 1:
                continue
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
            alive = reached
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
