"""The answer of one significance test."""

from dataclasses import dataclass
from math import nan

from scipy.special import ndtr, stdtr


@dataclass(frozen=True, slots=True)
class Significance:
    """A test's statistic with its two-sided p; NaN when the sample is too small for it.

    Parameters
    ----------
    statistic : the value
    p_value : two-sided, in [0, 1]
    df : degrees of freedom of Student's t, None for the normal or an exact distribution
    """

    statistic: float
    p_value: float
    df: float | None = None


UNDEFINED = Significance(nan, nan)


def from_normal(statistic: float) -> Significance:
    """Return `statistic` with its p from the standard normal."""
    return Significance(float(statistic), float(2.0 * ndtr(-abs(statistic))))


def from_student(statistic: float, df: float) -> Significance:
    """Return `statistic` with its p from Student's t with `df` degrees of freedom."""
    return Significance(float(statistic), float(2.0 * stdtr(df, -abs(statistic))), float(df))
