"""What an event study answers: every number on the wire, null where it is undefined."""

from datetime import date as Date  # noqa: N812 - `date` is a field of the answer
from datetime import datetime
from uuid import UUID

import numpy as np
from pydantic import BaseModel, Field

from market_impact.event_studies.abnormal_returns import VarianceKind
from market_impact.event_studies.event_study import EventStudy, TestResult
from market_impact.event_studies.normal_returns import ModelName, ReturnPanel
from market_impact.event_studies.request import Estimation, StudyRequest
from market_impact.event_studies.sample_warnings import TestName
from market_impact.event_studies.significance import Significance
from market_impact.prices.arrays import FloatArray
from market_impact.prices.returns import ReturnKind
from market_impact.prices.trading_calendar import from_day_number

Number = float | None


class EventResult(BaseModel):
    """One event; `usable` false means that it lacks returns and is left out of the averages."""

    ticker: str = Field(description="Security or series of the event.")
    date: Date = Field(description="Requested date.")
    event_date: Date | None = Field(description="Day 0: the first trading day on or after `date`.")
    usable: bool = Field(
        description="Whether the event has a CAR and a positive standard error, and counts in the averages."
    )
    abnormal_returns: list[Number] = Field(
        description="One per day of the event window, 0.01 = 1 %; null without a return."
    )
    cumulative_abnormal_returns: list[Number] = Field(
        description="Running sum of these; null throughout when nothing could be estimated."
    )
    car: Number = Field(description="Cumulative abnormal return of the whole event window, 0.01 = 1 %.")
    standard_error: Number = Field(description="Standard error of `car`, 0.01 = 1 %, from the requested variance.")
    standard_errors: list[Number] = Field(
        description="Standard errors of `cumulative_abnormal_returns`, day by day, 0.01 = 1 %."
    )
    t_stat: Number = Field(description="`car` over `standard_error`.")
    p_value: Number = Field(description="Two-sided, 0 to 1, from Student's t with `df`.")
    p_holm: Number = Field(description="`p_value` adjusted for the number of events by Holm's method, 0 to 1.")
    p_benjamini_hochberg: Number = Field(description="The same by Benjamini and Hochberg's method, 0 to 1.")
    df: Number = Field(description="Degrees of freedom of `t_stat`; null when not usable.")
    n_estimation_days: int = Field(description="Days with returns in the estimation window, from 0.")
    coefficients: list[Number] = Field(description="Intercept first; none for market_adjusted.")


class DayStatistic(BaseModel):
    """A test of one day of the event window."""

    day: int = Field(description="Day relative to the event.")
    statistic: Number = Field(description="Value of the test on this day; null when undefined.")
    p_value: Number = Field(description="Two-sided, 0 to 1; null when undefined.")


class TestAnswer(BaseModel):
    """A test of the whole event window, and of each of its days."""

    name: TestName = Field(description="Name of the test.")
    statistic: Number = Field(description="Value of the test on the whole event window; null when undefined.")
    df: Number = Field(description="Degrees of freedom of Student's t; null for the normal or an exact distribution.")
    p_value: Number = Field(description="Two-sided, 0 to 1; null when undefined.")
    doubtful_because: list[str] = Field(description="Codes of the warnings that make this test doubtful.")
    by_day: list[DayStatistic] = Field(description="The same test for the abnormal returns of each day.")


class Aggregate(BaseModel):
    """Averages over the usable events, by day."""

    n_events: int = Field(description="Usable events, from 0.")
    days: list[int] = Field(description="Days of the event window relative to the event.")
    aar: list[Number] = Field(description="Average abnormal return of each day, 0.01 = 1 %.")
    caar: list[Number] = Field(description="Average of the cumulative abnormal returns up to each day, 0.01 = 1 %.")
    caar_standard_error: list[Number] = Field(
        description="Standard error of `caar`, from the spread over events; for a single event, from its "
        "forecast error."
    )
    mean_correlation: Number = Field(description="Mean correlation of the events' abnormal returns, -1 to 1.")
    tests: list[TestAnswer] = Field(description="The requested tests, in the order of the request.")


class WarningRead(BaseModel):
    """What limits the tests of this sample."""

    code: str = Field(description="Stable code, for example `few_events`.")
    message: str = Field(description="What was found, with its figures.")
    doubtful_tests: list[TestName] = Field(description="Tests that it makes doubtful.")


class StudyRead(BaseModel):
    """An event study with its answer."""

    id: UUID = Field(description="Identifier of the study.")
    created_at: datetime = Field(description="When it was run.")
    model: ModelName = Field(description="Model of the normal return.")
    benchmark: str | None = Field(description="Market that the normal return uses; null without one.")
    returns: ReturnKind = Field(description="Kind of return made from bars.")
    variance: VarianceKind = Field(description="Variance that the standard errors are based on.")
    estimation: Estimation = Field(description="Estimation window that was used.")
    event_window: tuple[int, int] = Field(description="First and last day relative to the event, both included.")
    events: list[EventResult] = Field(description="One result for each event, in the order of the request.")
    aggregate: Aggregate = Field(description="Averages and tests over the usable events.")
    warnings: list[WarningRead] = Field(description="What limits the tests of this sample.")


def study_answer(
    study: EventStudy,
    request: StudyRequest,
    panel: ReturnPanel,
    *,
    study_id: UUID,
    created_at: datetime,
    benchmark: str | None,
) -> StudyRead:
    """Return the wire form of `study`."""
    return StudyRead(
        id=study_id,
        created_at=created_at,
        model=request.model,
        benchmark=benchmark,
        returns=request.returns,
        variance=request.variance,
        estimation=request.estimation,
        event_window=request.window(),
        events=_events(study, request, panel),
        aggregate=_aggregate(study, request),
        warnings=[
            WarningRead(code=warning.code, message=warning.message, doubtful_tests=list(warning.doubtful_tests))
            for warning in study.warnings
        ],
    )


def _events(study: EventStudy, request: StudyRequest, panel: ReturnPanel) -> list[EventResult]:
    events = study.events
    usable, t_stat, p_value = events.usable, events.t_stat(), events.p_value()
    results = []
    for row, event in enumerate(request.events):
        position = int(events.positions[row])
        inside = 0 <= position < len(panel.days)
        results.append(
            EventResult(
                ticker=event.ticker,
                date=event.date,
                event_date=from_day_number(int(panel.days[position])) if inside else None,
                usable=bool(usable[row]),
                abnormal_returns=_numbers(events.abnormal[row]),
                cumulative_abnormal_returns=_numbers(events.cumulative[row]),
                car=_number(events.car[row]),
                standard_error=_number(events.car_standard_error[row]),
                standard_errors=_numbers(np.sqrt(events.cumulative_variance[row])),
                t_stat=_number(t_stat[row]),
                p_value=_number(p_value[row]),
                p_holm=_number(study.p_holm[row]),
                p_benjamini_hochberg=_number(study.p_benjamini_hochberg[row]),
                df=_number(events.degrees_of_freedom[row]) if usable[row] else None,
                n_estimation_days=int(events.n_estimation_days[row]),
                coefficients=_numbers(events.coefficients[row]),
            )
        )
    return results


def _aggregate(study: EventStudy, request: StudyRequest) -> Aggregate:
    first, last = request.window()
    days = list(range(first, last + 1))
    return Aggregate(
        n_events=study.n_usable,
        days=days,
        aar=_numbers(study.aar),
        caar=_numbers(study.caar),
        caar_standard_error=_numbers(study.caar_standard_error),
        mean_correlation=_number(study.mean_correlation),
        tests=[_test(result, days) for result in study.tests],
    )


def _test(result: TestResult, days: list[int]) -> TestAnswer:
    window = _significance(result.window)
    return TestAnswer(
        name=result.name,
        statistic=window[0],
        df=result.window.df,
        p_value=window[1],
        doubtful_because=result.doubtful_because,
        by_day=[
            DayStatistic(day=day, statistic=_number(found.statistic), p_value=_number(found.p_value))
            for day, found in zip(days, result.by_day, strict=True)
        ],
    )


def _significance(found: Significance) -> tuple[Number, Number]:
    return _number(found.statistic), _number(found.p_value)


def _number(value: float) -> Number:
    return float(value) if np.isfinite(value) else None


def _numbers(values: FloatArray) -> list[Number]:
    return [_number(value) for value in values.tolist()]
