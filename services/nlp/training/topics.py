"""`mia train topics`: for each Reuters code a ridge regression, the weights of its evidence, and its threshold."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.metrics import f1_score

from nlp.artefacts import pack_words
from nlp.topics.reuters import StoryWords, story_features, story_words
from nlp.training.code_evidence import Evidence, NamedIn, fit_evidence
from nlp.training.corpora import TopicRow, further_topic_rows, is_validation, topic_rows
from nlp.training.ridge import fit_ridge

_MIN_STORIES = 3
_MAX_FEATURES = 24_000
_PENALTY = 0.3
_N_FOLDS = 4
# Where the threshold of a code without stories would lie: below even odds, as F1 forgives an error more than a miss.
_USUAL_THRESHOLD = -0.3
# A code's own best threshold counts as much as the usual one when it has this many stories (Yang 2001, "SCut").
_TRUST = 8.0
_WIDEST_SHIFT = 2.5
FloatArray = npt.NDArray[np.float32]
Truth = npt.NDArray[np.bool_]


class TopicFit(NamedTuple):
    """What is learned from stories; the thresholds are part of the evidence's offset."""

    features: list[str]
    frequency: FloatArray
    weights: npt.NDArray[np.int8]
    scale: FloatArray
    intercepts: FloatArray
    evidence: Evidence

    def logits(self, stories: Sequence[StoryWords], codes: Sequence[str]) -> FloatArray:
        """Return the logit of each story and code."""
        matrix = story_matrix(stories, self.features, self.frequency)
        margins = matrix @ (self.weights * self.scale) + self.intercepts
        return self.evidence.logits(margins, NamedIn.of(stories, codes))


def _vocabulary(stories: Sequence[StoryWords]) -> tuple[list[str], FloatArray]:
    counts = Counter(feature for words in stories for feature in set(story_features(words)))
    frequent = [feature for feature, count in counts.most_common(_MAX_FEATURES) if count >= _MIN_STORIES]
    kept = sorted(frequent)
    idf = [math.log((1 + len(stories)) / (1 + counts[feature])) + 1 for feature in kept]
    return kept, np.array(idf, dtype=np.float16).astype(np.float32)


def story_matrix(stories: Sequence[StoryWords], features: list[str], frequency: FloatArray) -> sparse.csr_matrix:
    """Return the stories as rows of unit length: logarithmic counts times inverse document frequency."""
    index = {feature: column for column, feature in enumerate(features)}
    pointers: list[int] = [0]
    columns: list[int] = []
    values: list[float] = []
    for words in stories:
        counts = Counter(index[feature] for feature in story_features(words) if feature in index)
        row = {column: (1 + math.log(count)) * float(frequency[column]) for column, count in counts.items()}
        length = math.sqrt(sum(value * value for value in row.values())) or 1.0
        columns += row.keys()
        values += [value / length for value in row.values()]
        pointers.append(len(columns))
    shape = (len(stories), len(features))
    return sparse.csr_matrix((np.array(values, dtype=np.float32), columns, pointers), shape=shape)


def best_threshold(logits: FloatArray, truth: Truth) -> float:
    """Return the logit above which a code is given: the best F1 on unseen logits, drawn to the usual one by rarity."""
    if not truth.any():
        return _USUAL_THRESHOLD
    order = np.argsort(-logits)
    hits = np.cumsum(truth[order])
    scores = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    best = int(np.argmax(scores))
    found = float((logits[order[best]] + logits[order[min(best + 1, len(order) - 1)]]) / 2)
    trust = truth.sum() / (truth.sum() + _TRUST)
    return _USUAL_THRESHOLD + float(np.clip((found - _USUAL_THRESHOLD) * trust, -_WIDEST_SHIFT, _WIDEST_SHIFT))


def fit_topics(stories: Sequence[StoryWords], truth: Truth, codes: Sequence[str]) -> TopicFit:
    """Return what `stories` teach of `codes`, each of which has at least one."""
    features, frequency = _vocabulary(stories)
    fit = fit_ridge(story_matrix(stories, features, frequency), truth, _PENALTY)
    named = NamedIn.of(stories, codes)
    evidence = fit_evidence(fit.unseen_margins, named, truth)
    logits = evidence.logits(fit.unseen_margins, named)
    thresholds = np.array([best_threshold(logits[:, column], truth[:, column]) for column in range(len(codes))])
    evidence.offset[:] -= thresholds
    small, scale = _rounded(fit.weights)
    return TopicFit(features, frequency, small, scale, fit.intercepts, evidence)


def _rounded(weights: FloatArray) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Return the weights as small integers and the factor of each code that restores them."""
    scale = np.abs(weights).max(axis=0) / np.float32(127.0)
    return np.rint(weights / scale).astype(np.int8), scale


def train_reuters(data: Path, target: Path) -> dict[str, float]:
    """Write the artefact to `target` from the stories under `data`, and return the cross-validated scores.

    Notes
    -----
    The shipped weights are fitted on all stories, those outside of the ModApte split among them. The scores are of
    weights that saw three quarters of the ModApte training stories, and the stories outside.
    """
    rows, further = topic_rows(data), further_topic_rows(data)
    scores = cross_validated(rows, further)
    everything = [*rows, *further]
    codes = _codes(everything)
    fit = fit_topics(_stories(everything), _truth(everything, codes), codes)
    np.savez_compressed(
        target,
        features=pack_words(fit.features),
        idf=fit.frequency.astype(np.float16),
        weights=fit.weights,
        scale=fit.scale,
        intercepts=fit.intercepts,
        slope=fit.evidence.slope,
        offset=fit.evidence.offset,
        title=fit.evidence.title,
        text=fit.evidence.text,
        name_slopes=np.array(fit.evidence.name_slopes, dtype=np.float32),
        codes=pack_words(codes),
    )
    return scores | {"reuters.codes": float(len(codes))}


def cross_validated(rows: Sequence[TopicRow], further: Sequence[TopicRow]) -> dict[str, float]:
    """Return the mean scores over four folds of `rows`, and those on the part that other models are validated on.

    Notes
    -----
    Micro F1 is over all decisions, macro F1 the mean over the codes with a story on both sides, as R90 is scored.
    """
    parts = [(f"fold {fold}", [_fold(row.key) == fold for row in rows]) for fold in range(_N_FOLDS)]
    parts += [("validation", [is_validation(row.key) for row in rows])]
    found = {name: _held_out_scores(rows, further, held) for name, held in parts}
    folds = [found[name] for name, _ in parts[:_N_FOLDS]]
    micro, macro = (sum(column) / len(folds) for column in zip(*folds, strict=True))
    return {
        "reuters.micro_f1": micro,
        "reuters.macro_f1": macro,
        "reuters.validation_micro_f1": found["validation"][0],
        "reuters.validation_macro_f1": found["validation"][1],
    }


def _fold(key: str) -> int:
    return int.from_bytes(key.encode()[-3:], "big") % _N_FOLDS


def _held_out_scores(
    rows: Sequence[TopicRow], further: Sequence[TopicRow], held: Sequence[bool]
) -> tuple[float, float]:
    training = [*further, *(row for row, is_held in zip(rows, held, strict=True) if not is_held)]
    tested = [row for row, is_held in zip(rows, held, strict=True) if is_held]
    codes = _codes(training)
    fit = fit_topics(_stories(training), _truth(training, codes), codes)
    answers = fit.logits(_stories(tested), codes) > 0
    truth = _truth(tested, codes)
    present = truth.any(axis=0)
    return (
        float(f1_score(truth, answers, average="micro", zero_division=0)),
        float(f1_score(truth[:, present], answers[:, present], average="macro", zero_division=0)),
    )


def _codes(rows: Sequence[TopicRow]) -> list[str]:
    return sorted({code for row in rows for code in row.topics})


def _truth(rows: Sequence[TopicRow], codes: Sequence[str]) -> Truth:
    return np.array([[code in row.topics for code in codes] for row in rows])


def _stories(rows: Sequence[TopicRow]) -> list[StoryWords]:
    return [story_words(row.title, row.body) for row in rows]
