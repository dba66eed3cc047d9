"""Drift: the distance of recent scores from those of the reference texts, and of the two tiers from each other.

Neither figure needs a label, so both can be watched in production: they say that something has changed (the news, the
feeds, the model), not which answer is right.
"""

import json
import math
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlp.sentiment.linear_text import Probabilities

REFERENCE_FILE = Path(__file__).parent / "golden" / "score_reference.json"
# Half a text in each bin, so that an empty bin has a logarithm; it weighs nothing beside hundreds of scores.
_SMOOTHING = 0.5
# Without any drift the index of N scores in B bins is about (B - 1) / N: 0.05 here, and 0.1 means "look".
_MIN_SCORES = 200


@dataclass(frozen=True, slots=True)
class ScoreReference:
    """How one model's scores are distributed over the reference texts.

    Parameters
    ----------
    edges : the B - 1 inner borders of the bins, rising; a score on a border belongs to the bin above
    shares : the B shares of the reference texts, sum 1
    n_texts : how many texts were scored
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    n_texts: int


@cache
def score_references() -> dict[str, ScoreReference]:
    """Return the shipped references by model version."""
    document = json.loads(REFERENCE_FILE.read_text(encoding="utf-8"))
    return {
        version: ScoreReference(tuple(row["edges"]), tuple(row["shares"]), row["n_texts"])
        for version, row in document.items()
    }


def population_stability_index(reference: Sequence[float], counts: Sequence[int]) -> float:
    """Return the PSI of observed counts against reference shares: 0 when equal, without upper bound.

    Notes
    -----
    Σ (a_i - e_i) ln(a_i / e_i) over the bins, a_i the observed and e_i the reference share; Siddiqi (2006), "Credit
    Risk Scorecards", p. 137, the symmetric divergence of Kullback and Leibler (1951), eq. 2.6. Half an observation is
    added to each bin. Rule of thumb there: below 0.1 stable, above 0.25 shifted. Nothing observed gives 0.
    """
    total = sum(counts)
    if not total:
        return 0.0
    n_bins = len(counts)
    index = 0.0
    for share, count in zip(reference, counts, strict=True):
        observed = (count + _SMOOTHING) / (total + n_bins * _SMOOTHING)
        expected = (share * total + _SMOOTHING) / (total + n_bins * _SMOOTHING)
        index += (observed - expected) * math.log(observed / expected)
    return index


def disagreement(one: Probabilities, other: Probabilities) -> float:
    """Return the Jensen-Shannon divergence of two opinions in bits: 0 when equal, 1 when they exclude each other.

    Notes
    -----
    ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q) / 2 and logarithms to base 2; Lin (1991), "Divergence measures based on
    the Shannon entropy", eq. 3.4 at equal weights.
    """
    total = 0.0
    for p, q in zip(one, other, strict=True):
        # Not divided by their mean: half of the smallest number there is, is zero.
        both = p + q
        total += sum(0.5 * each * math.log2(2.0 * each / both) for each in (p, q) if each > 0.0)
    return min(1.0, max(0.0, total))


class RecentScores:
    """The last texts of one model, binned as its reference is; adding one costs the same at every size.

    Notes
    -----
    A text that is sent again while it is remembered counts once for the index: few texts sent often are no drift of
    the news. The ratio of texts that were not scored counts every answer.

    Parameters
    ----------
    window : how many texts are looked back on
    reference : None when the model at work has none: then there is no index
    """

    def __init__(self, window: int, reference: ScoreReference | None) -> None:
        self._reference = reference
        self._window = window
        self._were_scored: deque[bool] = deque()
        self._n_abstained = 0
        # The bin of each scored text by its key, the first seen first.
        self._bins: OrderedDict[Hashable, int] = OrderedDict()
        self._counts = [0] * len(reference.shares if reference is not None else (1.0,))

    def add(self, score: float | None, text: Hashable) -> None:
        """Take in the newest answer, None when the text was not scored, and forget the oldest beyond the window.

        Parameters
        ----------
        text : what tells the text from others
        """
        self._were_scored.append(score is not None)
        self._n_abstained += score is None
        if len(self._were_scored) > self._window:
            self._n_abstained -= not self._were_scored.popleft()
        if score is None or text in self._bins:
            return
        bin_ = bisect_right(self._reference.edges, score) if self._reference is not None else 0
        self._bins[text] = bin_
        self._counts[bin_] += 1
        if len(self._bins) > self._window:
            self._counts[self._bins.popitem(last=False)[1]] -= 1

    def stability_index(self) -> float:
        """Return the PSI of the window; NaN below 200 texts, where chance alone looks like drift, or unreferenced."""
        if self._reference is None or len(self._bins) < _MIN_SCORES:
            return math.nan
        return population_stability_index(self._reference.shares, self._counts)

    def abstain_ratio(self) -> float:
        """Return the share of the window that was not scored; NaN before the first text."""
        return self._n_abstained / len(self._were_scored) if self._were_scored else math.nan
