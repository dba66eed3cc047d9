"""Scores linked securities in one pass: past events are looked up one by one, arithmetic is vectorised."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import isnan
from typing import NamedTuple, get_args

import numpy as np

from common.contracts import Basis
from market_impact.estimation.abnormal_moves import EstimationWindow, Measurement, NewsWindow, measure_news
from market_impact.estimation.estimate import PRIORS, Estimates, attenuation, estimate
from market_impact.estimation.linking import Link
from market_impact.estimation.past_events import NOTHING, NewsKind, PastEvents, Summary
from market_impact.estimation.posterior import EstimateFault, Posterior, posterior_of
from market_impact.estimation.shrinkage import weigh
from market_impact.prices.arrays import FloatArray
from market_impact.prices.market import Market
from market_impact.prices.trading_calendar import TradingCalendar, to_microseconds

BASES: tuple[Basis, ...] = get_args(Basis)
# Further digits are noise, and every digit is stored and sent three times.
DIGITS = 8


@dataclass(frozen=True, slots=True)
class ScoringParameters:
    """What an operator decides: horizons in sessions, the estimation window, and the interval's nominal coverage."""

    horizons_days: tuple[int, ...]
    estimation: EstimationWindow
    interval_level: float


@dataclass(frozen=True, slots=True)
class ScoringInputs:
    """What estimates are made from besides the news: prices, past events, sessions, and what an operator decides."""

    market: Market
    past: PastEvents
    calendar: TradingCalendar
    parameters: ScoringParameters


class Estimate(NamedTuple):
    """One of `estimate.Estimates`, rounded; `parts` are the features' in their order, in abnormal volatilities."""

    expected_abnormal_return: float
    low: float
    high: float
    baseline_low: float
    baseline_high: float
    p_up: float
    impact_score: float
    confidence: float
    effect: float
    parts: tuple[float, ...]


@dataclass(slots=True)
class ScoredImpact:
    """One estimate in plain numbers; `estimate` is None when it abstained.

    Parameters
    ----------
    session : index in the calendar of the first session that counts, -1 outside of it
    horizon_ends_at : microseconds, the close that completes the horizon; None outside the calendar
    volatility : of the abnormal log return over the horizon, NaN without prices
    car, car_standard_error : realised, NaN before the horizon has passed or without prices
    kind_events, own_events : past events of this kind on all securities, and on this one
    """

    link: Link
    basis: Basis
    horizon_days: int
    session: int
    horizon_ends_at: int | None
    abstain_reason: str | None
    volatility: float
    n_estimation_days: int
    beta: float
    car: float
    car_standard_error: float
    kind_events: Summary
    own_events: Summary
    estimate: Estimate | None = None

    @property
    def has_car(self) -> bool:
        """Return whether prices hold the whole horizon."""
        return not isnan(self.car)

    @property
    def is_evidence(self) -> bool:
        """Return whether later estimates may learn from the outcome."""
        return not self.link.reports_move and not self.link.analysis.abstained


def score_links(links: Sequence[Link], inputs: ScoringInputs) -> list[ScoredImpact]:
    """Return an estimate for each link, horizon and basis.

    Notes
    -----
    Nothing later than a link's own publication enters its expectation: volatility comes from sessions that end before
    the estimation gap, evidence from outcomes known before `published_at`. The realised CAR, where prices already hold
    it, is measured in the same sweep and reported beside the estimate.

    Raises
    ------
    EstimateFault
        Of some of the links no estimate can be made; which ones shows when they are scored apart.
    """
    calendar, series = inputs.calendar, inputs.market.series
    published = np.array([to_microseconds(link.analysis.lineage.published_at) for link in links], dtype=np.int64)
    moments: list[int] = published.tolist()
    scored: list[ScoredImpact] = []
    for basis in BASES:
        first = calendar.session_of(published) if basis == "reaction" else calendar.first_open_after(published)
        sessions: list[int] = first.tolist()
        for horizon_days in inputs.parameters.horizons_days:
            windows = [
                NewsWindow(series.get(link.ticker), session, horizon_days, basis)
                for link, session in zip(links, sessions, strict=True)
            ]
            scored += _score(links, moments, windows, inputs)
    return scored


def _score(
    links: Sequence[Link], published: Sequence[int], windows: Sequence[NewsWindow], inputs: ScoringInputs
) -> list[ScoredImpact]:
    """Return the estimates of `links` in `windows`, which share one basis and horizon."""
    measured = measure_news(windows, inputs.parameters.estimation)
    scored = [
        _unscored(link, window, moment, inputs, measured=measured, index=index)
        for index, (link, window, moment) in enumerate(zip(links, windows, published, strict=True))
    ]
    for impact, moment in zip(scored, published, strict=True):
        impact.abstain_reason = _abstain_reason(impact, moment, inputs.market, inputs.calendar)
    chosen = [impact.abstain_reason is None for impact in scored]
    if any(chosen):
        _estimate(
            list(compress(scored, chosen)),
            list(compress(published, chosen)),
            measured.volatility[np.array(chosen)],
            inputs.past,
            inputs.parameters.interval_level,
        )
    return scored


def _unscored(
    link: Link, window: NewsWindow, moment: int, inputs: ScoringInputs, *, measured: Measurement, index: int
) -> ScoredImpact:
    past, calendar = inputs.past, inputs.calendar
    last = window.session + window.horizon_days - 1
    inside = calendar.covers(moment) and last < len(calendar)
    kind = NewsKind(window.basis, window.horizon_days, link.event_type, link.sentiment_label)
    return ScoredImpact(
        link=link,
        basis=window.basis,
        horizon_days=window.horizon_days,
        session=window.session if inside else -1,
        horizon_ends_at=int(calendar.closes[last]) if inside else None,
        abstain_reason=None,
        volatility=float(measured.volatility[index]),
        n_estimation_days=int(measured.n_estimation_days[index]),
        beta=float(measured.beta[index]),
        car=float(measured.car[index]),
        car_standard_error=float(measured.car_standard_error[index]),
        kind_events=past.of_kind(kind, moment) if inside else NOTHING,
        own_events=past.of_ticker(kind, link.ticker, moment) if inside else NOTHING,
    )


def _abstain_reason(impact: ScoredImpact, moment: int, market: Market, calendar: TradingCalendar) -> str | None:
    if impact.link.analysis.abstained:
        return "analysis_abstained"
    if impact.session < 0 or not calendar.covers(moment):
        return "outside_trading_calendar"
    if not market.has_benchmark:
        return "no_benchmark_prices"
    if impact.link.ticker not in market.series:
        return "no_price_history"
    if not impact.volatility > 0.0:
        return "estimation_window_too_short"
    return None


def _estimate(
    scored: Sequence[ScoredImpact], published: Sequence[int], volatility: FloatArray, past: PastEvents, level: float
) -> None:
    """Set `estimate` of impacts that share one basis and horizon."""
    basis, horizon_days = scored[0].basis, scored[0].horizon_days
    evidence = weigh(
        PRIORS[basis],
        [impact.link for impact in scored],
        [past.of_horizon(basis, horizon_days, moment) for moment in published],
        [impact.kind_events for impact in scored],
        [impact.own_events for impact in scored],
    )
    share = np.array([attenuation(basis, impact.link.relevance, impact.link.analysis.novelty) for impact in scored])
    posterior = posterior_of(evidence)
    # What overflows is found below, by its result.
    with np.errstate(over="ignore", invalid="ignore"):
        result = estimate(posterior, volatility, share, level)
        _check_finite(result, volatility, scored, posterior)
    values = zip(*(_rounded(getattr(result, name)) for name in Estimate._fields[:-1]), strict=True)
    parts = zip(*(_rounded(part) for part in result.parts.values()), strict=True)
    for impact, numbers, added in zip(scored, values, parts, strict=True):
        impact.estimate = Estimate._make((*numbers, added))


def _check_finite(
    result: Estimates, volatility: FloatArray, scored: Sequence[ScoredImpact], posterior: Posterior
) -> None:
    """Raise `EstimateFault` for an estimate that is no number though all its parts are: it could not be read again."""
    figures = [getattr(result, name) for name in Estimate._fields[:-1]]
    contributions = [part * volatility for part in result.parts.values()]
    is_finite = np.isfinite(np.stack([*figures, *contributions])).all(axis=0)
    if is_finite.all():
        return
    index = int(np.argmin(is_finite))
    impact = scored[index]
    parts = ", ".join(f"{name} {part[index]:.3g}" for name, part in posterior.parts.items())
    raise EstimateFault(
        "estimate_not_finite",
        f"The estimate on {impact.link.ticker}, {impact.basis} over {impact.horizon_days} session(s), is not finite. "
        f"In abnormal volatilities of {impact.volatility:.3g} its features add: {parts}.",
    )


def _rounded(values: FloatArray) -> list[float]:
    rounded: list[float] = np.round(values, DIGITS).tolist()
    return rounded
