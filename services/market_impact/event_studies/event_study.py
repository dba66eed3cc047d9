"""An event study on given returns: single events, averages over events, and a battery of tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np

from market_impact.event_studies.abnormal_returns import AbnormalReturns, StudyWindows, measure_events
from market_impact.event_studies.event_correlation import mean_event_correlation
from market_impact.event_studies.multiple_testing import benjamini_hochberg, holm
from market_impact.event_studies.nonparametric_tests import (
    generalised_sign_test,
    permutation_tests,
    positive_share,
    sign_test,
    wilcoxon_test,
)
from market_impact.event_studies.normal_returns import ModelName, ReturnPanel, normal_return_model
from market_impact.event_studies.parametric_tests import (
    boehmer_musumeci_poulsen,
    cross_sectional_t,
    kolari_pynnonen,
    patell_z,
)
from market_impact.event_studies.rank_tests import JointScores, rank_scores, sign_scores
from market_impact.event_studies.sample_warnings import StudyWarning, TestName, study_warnings
from market_impact.event_studies.significance import Significance
from market_impact.prices.arrays import FloatArray, IntArray

ALL_TESTS: tuple[TestName, ...] = get_args(TestName)


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test over the events: of the whole window's CAR, and of each day's abnormal return."""

    # Without this pytest takes the class for a test by its name.
    __test__ = False

    name: TestName
    window: Significance
    by_day: list[Significance]
    doubtful_because: list[str]


@dataclass(frozen=True, slots=True)
class EventStudy:
    """The result of a study.

    Parameters
    ----------
    events : every requested event, unusable ones included
    p_holm, p_benjamini_hochberg : ndarrays of shape (n_events,), the events' p-values adjusted for their number
    aar, caar : ndarrays of shape (n_days,), means over the usable events
    caar_standard_error : ndarray of shape (n_days,), cross-sectional; of the forecast error with a single event
    mean_correlation : between the events' abnormal returns
    """

    events: AbnormalReturns
    p_holm: FloatArray
    p_benjamini_hochberg: FloatArray
    n_usable: int
    aar: FloatArray
    caar: FloatArray
    caar_standard_error: FloatArray
    mean_correlation: float
    tests: list[TestResult]
    warnings: list[StudyWarning]


class _Battery:
    """Runs tests on the whole window (`day` None) and on each day; what several tests read is computed once."""

    def __init__(self, sample: AbnormalReturns, mean_correlation: float, random_state: int) -> None:
        self.sample = sample
        self.mean_correlation = mean_correlation
        self.random_state = random_state
        self.last = sample.abnormal.shape[1] - 1

    @cached_property
    def ranks(self) -> JointScores:
        return rank_scores(self.sample.residuals, self.sample.abnormal)

    @cached_property
    def signs(self) -> JointScores:
        return sign_scores(self.sample.residuals, self.sample.abnormal)

    @cached_property
    def positive_share(self) -> float:
        return positive_share(self.sample.residuals)

    @cached_property
    def permutations(self) -> list[Significance]:
        columns = np.column_stack([self.sample.car, self.sample.abnormal])
        return permutation_tests(columns, self.random_state)

    def run(self, name: TestName, day: int | None) -> Significance:
        sample = self.sample
        values = sample.car if day is None else sample.abnormal[:, day]
        errors = sample.car_standard_error if day is None else np.sqrt(sample.variance[:, day])
        days = (0, self.last) if day is None else (day, day)
        choices: dict[TestName, Callable[[], Significance]] = {
            "cross_sectional_t": lambda: cross_sectional_t(values),
            "patell_z": lambda: patell_z(values / errors, sample.degrees_of_freedom),
            "boehmer_musumeci_poulsen": lambda: boehmer_musumeci_poulsen(values / errors),
            "kolari_pynnonen": lambda: kolari_pynnonen(values / errors, self.mean_correlation),
            "corrado_rank": lambda: self.ranks.test(*days),
            "corrado_sign": lambda: self.signs.test(*days),
            "sign": lambda: sign_test(values),
            "generalised_sign": lambda: generalised_sign_test(values, self.positive_share),
            "wilcoxon": lambda: wilcoxon_test(values),
            "permutation": lambda: self.permutations[0 if day is None else day + 1],
        }
        return choices[name]()


def run_event_study(
    panel: ReturnPanel,
    model: ModelName,
    tickers: IntArray,
    positions: IntArray,
    windows: StudyWindows,
    *,
    tests: Sequence[TestName] = ALL_TESTS,
    random_state: int = 0,
) -> EventStudy:
    """Return the study of events at (`tickers`, `positions`) of `panel`.

    Raises
    ------
    MissingSeriesError
        When `model` needs a benchmark or factors that `panel` does not hold.
    """
    events = measure_events(panel, normal_return_model(model, panel), tickers, positions, windows)
    sample = events.take(events.usable)
    correlation = mean_event_correlation(sample.residuals, sample.positions, windows.n_days)
    warnings = study_warnings(sample, len(positions), correlation)
    battery = _Battery(sample, correlation, random_state)
    p_values = events.p_value()
    aar, caar, errors = _averages(sample)
    return EventStudy(
        events=events,
        p_holm=holm(p_values),
        p_benjamini_hochberg=benjamini_hochberg(p_values),
        n_usable=len(sample.car),
        aar=aar,
        caar=caar,
        caar_standard_error=errors,
        mean_correlation=correlation,
        tests=[_test(name, battery, warnings) for name in tests],
        warnings=warnings,
    )


def _test(name: TestName, battery: _Battery, warnings: list[StudyWarning]) -> TestResult:
    return TestResult(
        name=name,
        window=battery.run(name, None),
        by_day=[battery.run(name, day) for day in range(battery.last + 1)],
        doubtful_because=[warning.code for warning in warnings if name in warning.doubtful_tests],
    )


def _averages(sample: AbnormalReturns) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, n_days = sample.abnormal.shape
    if n == 0:
        nothing = np.full(n_days, np.nan)
        return nothing, nothing, nothing
    present = np.isfinite(sample.abnormal)
    counts = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        aar = np.where(present, sample.abnormal, 0.0).sum(axis=0) / np.where(counts > 0, counts, np.nan)
    caar = sample.cumulative.mean(axis=0)
    if n == 1:
        return aar, caar, np.sqrt(sample.cumulative_variance[0])
    return aar, caar, sample.cumulative.std(axis=0, ddof=1) / np.sqrt(n)
