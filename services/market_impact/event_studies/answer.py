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

    ticker: str
    date: Date
    event_date: Date | None = Field(description="Day 0: the first trading day on or after `date`.")
    usable: bool
    abnormal_returns: list[Number]
    cumulative_abnormal_returns: list[Number]
    car: Number
    standard_error: Number = Field(description="Of `car`, with the exact forecast-error variance.")
    standard_errors: list[Number] = Field(description="Of `cumulative_abnormal_returns`, day by day.")
    t_stat: Number
    p_value: Number = Field(description="Two-sided, from Student's t with `df`.")
    p_holm: Number = Field(description="Adjusted for the number of events, by Holm.")
    p_benjamini_hochberg: Number = Field(description="The same, by Benjamini and Hochberg.")
    df: Number
    n_estimation_days: int
    coefficients: list[Number] = Field(description="Intercept first; none for market_adjusted.")


class DayStatistic(BaseModel):
    """A test of one day of the event window."""

    day: int
    statistic: Number
    p_value: Number


class TestAnswer(BaseModel):
    """A test of the whole event window, and of each of its days."""

    name: TestName
    statistic: Number
    df: Number
    p_value: Number
    doubtful_because: list[str] = Field(description="Codes of the warnings that speak against this test here.")
    by_day: list[DayStatistic]


class Aggregate(BaseModel):
    """Means over the usable events, by day."""

    n_events: int
    days: list[int]
    aar: list[Number]
    caar: list[Number]
    caar_standard_error: list[Number]
    mean_correlation: Number = Field(description="Mean correlation of the events' abnormal returns.")
    tests: list[TestAnswer]


class WarningRead(BaseModel):
    """What limits the tests of this sample."""

    code: str
    message: str
    doubtful_tests: list[TestName]


class StudyRead(BaseModel):
    """An event study with its answer."""

    id: UUID
    created_at: datetime
    model: ModelName
    benchmark: str | None
    returns: ReturnKind
    variance: VarianceKind
    estimation: Estimation
    event_window: tuple[int, int]
    events: list[EventResult]
    aggregate: Aggregate
    warnings: list[WarningRead]


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
