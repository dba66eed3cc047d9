"""What really happened after the news, set against what was expected."""

from datetime import date, datetime
from math import expm1
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from common.contracts import Basis


class Outcome(BaseModel):
    """The outcome of one estimate; returns are simple (0.01 = 1 %).

    Notes
    -----
    `pending` until the horizon has passed and bars for it are here. `within_interval` and `direction_was_right` are
    absent for an estimate that abstained, the latter also for one that expected nothing (`flat`).
    """

    impact_id: UUID
    status: Literal["pending", "realised"]
    ticker: str
    basis: Basis
    horizon_days: int
    session_date: date | None = Field(description="First trading session that counts.")
    horizon_ends_at: datetime | None = Field(description="The close that completes the horizon.")
    abnormal_return: float | None = Field(default=None, description="Realised cumulative abnormal return.")
    standard_error: float | None = Field(default=None, description="Its forecast standard error, of the log return.")
    t_stat: float | None = Field(default=None, description="Realised over its standard error.")
    expected_abnormal_return: float | None = None
    within_interval: bool | None = None
    direction_was_right: bool | None = None
    recorded_at: datetime | None = None


def outcome_of(row: Any) -> Outcome:
    """Return the outcome that a stored estimate holds, `pending` without one.

    Parameters
    ----------
    row : mapping with the columns of the table `impact`
    """
    document = from_json(row["document"])
    outcome = Outcome(
        impact_id=row["impact_id"],
        status="pending",
        ticker=row["ticker"],
        basis=row["basis"],
        horizon_days=row["horizon_days"],
        session_date=row["session_date"],
        horizon_ends_at=row["horizon_ends_at"],
        expected_abnormal_return=document["expected_abnormal_return"],
    )
    if row["car"] is None:
        return outcome
    realised = expm1(row["car"])
    direction = document["direction"]
    outcome.status = "realised"
    outcome.abnormal_return = realised
    outcome.standard_error = row["car_standard_error"]
    outcome.t_stat = row["car"] / row["car_standard_error"]
    outcome.recorded_at = row["outcome_at"]
    outcome.within_interval = lies_within(document, row["car"])
    if direction != "flat":
        outcome.direction_was_right = (realised > 0.0) == (direction == "up")
    return outcome


def lies_within(document: Any, car: float) -> bool | None:
    """Return whether a realised log return lies in the estimate's interval, None for one that abstained."""
    interval = document["interval"]
    return None if interval is None else bool(interval["low"] <= expm1(car) <= interval["high"])


def outcome_event(row: Any) -> str:
    """Return the JSON text of the event `impact.outcome` for a row of the table `impact`."""
    return to_json(
        {
            "impact_id": row["impact_id"],
            "article_id": row["article_id"],
            "ticker": row["ticker"],
            "basis": row["basis"],
            "horizon_days": row["horizon_days"],
            "abnormal_return": expm1(row["car"]),
            "t_stat": row["car"] / row["car_standard_error"],
        }
    ).decode()
