"""Corrado's rank and sign tests: an event's day against all days of its own estimation and event window."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from market_impact.event_studies.ranks import rowwise_ranks
from market_impact.event_studies.significance import UNDEFINED, Significance, from_normal
from market_impact.prices.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class JointScores:
    """A score around zero of every day of estimation and event window.

    Parameters
    ----------
    scores : ndarray of shape (n_events, estimation_length + n_days), NaN where absent
    n_days : length of the event window
    """

    scores: FloatArray
    n_days: int

    def test(self, first: int, last: int) -> Significance:
        """Return the test of the mean score over days `first` .. `last` of the event window, both from 0.

        Notes
        -----
        z = sum over the m days of a_t / (sqrt(m) s), where a_t is the sum of the scores of day t over the square root
        of their number, and s the root mean square of a_t over all days.
        """
        present = np.isfinite(self.scores)
        if not present.any():
            return UNDEFINED
        counts = present.sum(axis=0)
        held = counts > 0
        totals = np.where(present, self.scores, 0.0).sum(axis=0)
        scaled = np.where(held, totals / np.sqrt(np.maximum(counts, 1)), np.nan)
        spread = sqrt(float(np.nanmean(scaled**2)))
        days = scaled[len(scaled) - self.n_days :][first : last + 1]
        days = days[np.isfinite(days)]
        if spread <= 0.0 or len(days) == 0:
            return UNDEFINED
        return from_normal(days.sum() / sqrt(len(days)) / spread)


def rank_scores(residuals: FloatArray, abnormal: FloatArray) -> JointScores:
    """Return the standardised ranks K / (1 + M) - 1/2 of every day in its event's joint window of M days.

    References
    ----------
    Corrado (1989); Corrado and Zivney (1992) for the standardisation that allows missing days.
    """
    joint = np.concatenate([residuals, abnormal], axis=1)
    ranks = rowwise_ranks(joint)
    days = np.isfinite(joint).sum(axis=1, keepdims=True)
    return JointScores(ranks / (1.0 + days) - 0.5, abnormal.shape[1])


def sign_scores(residuals: FloatArray, abnormal: FloatArray) -> JointScores:
    """Return the sign of every day's abnormal return less the median of its event's joint window.

    References
    ----------
    Corrado and Zivney (1992).
    """
    joint = np.concatenate([residuals, abnormal], axis=1)
    median = np.full(len(joint), np.nan)
    held = np.isfinite(joint).any(axis=1)
    median[held] = np.nanmedian(joint[held], axis=1)
    return JointScores(np.sign(joint - median[:, None]), abnormal.shape[1])
