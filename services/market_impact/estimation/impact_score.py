"""One number from 0 to 100 for how much a piece of news should matter."""

import numpy as np

from market_impact.prices.arrays import FloatArray

# An expected effect of half the abnormal volatility has 63 % of the largest magnitude.
_MAGNITUDE_RATE = 2.0
FLAT_BELOW = 0.1


def impact_score(effect: FloatArray, probability_up: FloatArray) -> FloatArray:
    """Return 100 sqrt(magnitude * conviction), element by element.

    Parameters
    ----------
    effect : expected abnormal return in abnormal volatilities of the horizon
    probability_up : of a positive abnormal return, in [0, 1]

    Notes
    -----
    magnitude = 1 - exp(-2 |effect|) and conviction = |2 p_up - 1|, both in [0, 1]. The score is 0 for news without an
    expected effect, grows with each of the two, and needs both: a large effect that may have either sign scores low.
    On a news day of twice the usual variance an effect of 0.3 volatilities gives 28, one of 1.0 gives 67, one of 2.0
    gives 91.
    """
    magnitude = -np.expm1(-_MAGNITUDE_RATE * np.abs(effect))
    conviction = np.abs(2.0 * probability_up - 1.0)
    return np.asarray(100.0 * np.sqrt(magnitude * conviction))
