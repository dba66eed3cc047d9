"""What really happened after the news, compared with the estimate."""

from math import expm1

from pydantic_core import to_json

from market_impact.estimation.abnormal_moves import LARGEST_CAR
from market_impact.impacts.stored import Expectation, expectation_of
from market_impact.repository.impacts import StoredImpact
from market_impact.repository.outcomes import DueOutcome
from market_impact.schemas.impacts import Outcome


def outcome_of(stored: StoredImpact) -> Outcome:
    """Return the outcome that a stored estimate holds, `pending` without one or where it is out of range."""
    expected = expectation_of(stored.document)
    outcome = Outcome(
        impact_id=stored.impact_id,
        status="pending",
        ticker=stored.ticker,
        basis=stored.basis,
        horizon_days=stored.horizon_days,
        session_date=stored.session_date,
        horizon_ends_at=stored.horizon_ends_at,
        expected_abnormal_return=expected.expected_abnormal_return,
    )
    if stored.car is None or stored.car_standard_error is None or not abs(stored.car) <= LARGEST_CAR:
        return outcome
    realised = expm1(stored.car)
    outcome.status = "realised"
    outcome.abnormal_return = realised
    outcome.standard_error = stored.car_standard_error
    outcome.t_stat = stored.car / stored.car_standard_error
    outcome.recorded_at = stored.outcome_at
    outcome.within_interval = was_within(expected, stored.car)
    if expected.direction != "flat":
        outcome.direction_was_right = (realised > 0.0) == (expected.direction == "up")
    return outcome


def lies_within(low: float, high: float, car: float) -> bool:
    """Return whether a realised log return lies between two simple returns, the ends of an interval."""
    return car <= LARGEST_CAR and low <= expm1(car) <= high


def was_within(expected: Expectation, car: float) -> bool | None:
    """Return whether a realised log return lies in the expected interval, None for an estimate that abstained."""
    interval = expected.interval
    return None if interval is None else lies_within(interval.low, interval.high, car)


def outcome_event(due: DueOutcome, car: float, car_standard_error: float) -> str:
    """Return the JSON text of the event `impact.outcome` for an outcome that was just measured."""
    return to_json(
        {
            "impact_id": due.impact_id,
            "article_id": due.article_id,
            "ticker": due.ticker,
            "basis": due.basis,
            "horizon_days": due.horizon_days,
            "abnormal_return": expm1(car),
            "t_stat": car / car_standard_error,
        }
    ).decode()
