"""Which significance tests a study's sample permits, and why the others would mislead."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from market_impact.event_studies.abnormal_returns import AbnormalReturns

TestName = Literal[
    "cross_sectional_t",
    "patell_z",
    "boehmer_musumeci_poulsen",
    "kolari_pynnonen",
    "corrado_rank",
    "corrado_sign",
    "sign",
    "generalised_sign",
    "wilcoxon",
    "permutation",
]

FEW_EVENTS = 10
ASYMPTOTIC_EVENTS = 30
# Share of pairs of events whose windows overlap, and mean correlation, from which independence is no longer a detail:
# with N = 50 and r = 0.01 the variance of the mean is 1.5 times the independent one.
CLUSTERED_SHARE = 0.1
NOTABLE_CORRELATION = 0.01
# Patell's Z rejects twice as often as it should when the event multiplies the variance by 1.5 (Boehmer et al. 1991).
EVENT_VARIANCE_RATIO = 1.5
THIN_SHARE = 0.1

_INDEPENDENCE: tuple[TestName, ...] = (
    "cross_sectional_t",
    "patell_z",
    "boehmer_musumeci_poulsen",
    "sign",
    "generalised_sign",
    "wilcoxon",
    "permutation",
)
_LARGE_SAMPLE: tuple[TestName, ...] = (
    "patell_z",
    "corrado_rank",
    "corrado_sign",
    "sign",
    "generalised_sign",
)
_NORMAL_SAMPLE: tuple[TestName, ...] = ("cross_sectional_t", "boehmer_musumeci_poulsen", "kolari_pynnonen")
_THIN: tuple[TestName, ...] = ("patell_z", "boehmer_musumeci_poulsen", "kolari_pynnonen", "sign")


@dataclass(frozen=True, slots=True)
class StudyWarning:
    """Something about the sample that a reader must know, and the tests that it makes doubtful."""

    code: str
    message: str
    doubtful_tests: tuple[TestName, ...] = ()


def study_warnings(sample: AbnormalReturns, n_requested: int, mean_correlation: float) -> list[StudyWarning]:
    """Return what limits the tests of `sample`.

    Parameters
    ----------
    sample : the usable events, with residuals
    n_requested : how many events were asked for
    mean_correlation : of `event_correlation.mean_event_correlation`
    """
    n = len(sample.car)
    found = [
        _left_out(n, n_requested),
        _sample_size(n),
        _clustering(sample, mean_correlation),
        _event_variance(sample),
        _thin_trading(sample),
        _cut_windows(sample),
    ]
    return [warning for warning in found if warning is not None]


def _left_out(n: int, n_requested: int) -> StudyWarning | None:
    if n == n_requested:
        return None
    message = f"{n_requested - n} of {n_requested} events have no usable estimation or event window and are left out."
    return StudyWarning("events_left_out", message)


def _sample_size(n: int) -> StudyWarning | None:
    if n < 2:
        message = f"{n} usable event(s): tests over events are undefined; read the event's own t."
        return StudyWarning("single_event", message, _LARGE_SAMPLE + _NORMAL_SAMPLE + ("wilcoxon", "permutation"))
    if n < FEW_EVENTS:
        message = f"{n} events: tests that rely on a normal limit are doubtful; prefer permutation or wilcoxon."
        return StudyWarning("few_events", message, _LARGE_SAMPLE + _NORMAL_SAMPLE)
    if n < ASYMPTOTIC_EVENTS:
        message = f"{n} events: with skewed returns the t tests reject too often; compare with permutation and ranks."
        return StudyWarning("small_sample", message)
    return None


def _clustering(sample: AbnormalReturns, mean_correlation: float) -> StudyWarning | None:
    n, window = sample.abnormal.shape
    if n < 2:
        return None
    distance = np.abs(sample.positions[:, None] - sample.positions[None, :])
    share = (int((distance < window).sum()) - n) / (n * (n - 1))
    if share < CLUSTERED_SHARE and abs(mean_correlation) < NOTABLE_CORRELATION:
        return None
    message = (
        f"{share:.0%} of the pairs of events have overlapping windows (mean correlation {mean_correlation:.3f}): tests "
        "that assume independent events reject too often; use kolari_pynnonen or corrado_rank."
    )
    return StudyWarning("clustered_event_dates", message, _INDEPENDENCE)


def _event_variance(sample: AbnormalReturns) -> StudyWarning | None:
    if len(sample.car) < FEW_EVENTS:
        return None
    ratio = float(np.var(sample.car / sample.car_standard_error, ddof=1))
    if ratio < EVENT_VARIANCE_RATIO:
        return None
    message = (
        f"The events multiply the variance by {ratio:.1f}: patell_z rejects too often; use boehmer_musumeci_poulsen."
    )
    return StudyWarning("event_induced_variance", message, ("patell_z",))


def _thin_trading(sample: AbnormalReturns) -> StudyWarning | None:
    length = sample.residuals.shape[1]
    if length == 0 or len(sample.car) == 0:
        return None
    absent = 1.0 - float(np.isfinite(sample.residuals).mean())
    if absent < THIN_SHARE:
        return None
    message = f"{absent:.0%} of the estimation days have no return: variances are unreliable; prefer corrado_rank."
    return StudyWarning("thin_trading", message, _THIN)


def _cut_windows(sample: AbnormalReturns) -> StudyWarning | None:
    cut = int(np.isnan(sample.abnormal).any(axis=1).sum())
    if cut == 0:
        return None
    message = f"{cut} event windows lack returns on some days; their CAR sums only the days that exist."
    return StudyWarning("windows_cut", message)
