"""The request body of an event study."""

import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from common.contracts.bounds import ClosedModel, Listed, entries_up_to
from market_impact.dates import Day
from market_impact.event_studies.abnormal_returns import VarianceKind
from market_impact.event_studies.event_study import ALL_TESTS
from market_impact.event_studies.normal_returns import ModelName
from market_impact.event_studies.sample_warnings import TestName
from market_impact.prices.returns import ReturnKind

MAX_EVENTS = 1_000
MAX_DAYS = 20_000
Return = Annotated[float, Field(gt=-1e6, lt=1e6)]
SeriesName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")]
_FACTOR_NAMES = {
    "mktrf": "mkt_rf",
    "mkt": "mkt_rf",
    "market": "mkt_rf",
    "smb": "smb",
    "hml": "hml",
    "rf": "rf",
    "riskfree": "rf",
}
FACTORS = ("mkt_rf", "smb", "hml", "rf")


class StudyEvent(BaseModel):
    """One event: a date without trading means the next day that has any, at most five days later."""

    ticker: SeriesName = Field(
        description="Ticker of the security, or name of its series in the panel; 1 to 40 characters."
    )
    date: Day = Field(description="Day of the event (ISO 8601, YYYY-MM-DD).")


class Estimation(BaseModel):
    """The estimation window: `length` days, `gap` days before the first day of the event window."""

    length: int = Field(default=120, ge=10, le=2_000, description="Days of the window, 10 to 2,000.")
    gap: int = Field(default=10, ge=0, le=500, description="Days skipped before the event window, 0 to 500.")
    min_days: int | None = Field(
        default=None,
        ge=5,
        le=2_000,
        description="Minimum days with returns in the window; a quarter of `length` when absent.",
    )


class Panel(ClosedModel):
    """The caller's own returns: a list for each name, as long as `dates`, null where there is none."""

    dates: Listed[Day] = Field(
        min_length=2, max_length=MAX_DAYS, description="Trading days in increasing order, 2 to 20,000."
    )
    returns: Annotated[dict[str, Listed[Return | None]], entries_up_to(1_000)] = Field(
        min_length=1,
        max_length=1_000,
        description="Returns by ticker, decimal (0.01 = 1 %), each list as long as `dates`; 1 to 1,000 series.",
    )
    factors: Annotated[dict[str, Listed[Return | None]], entries_up_to(10)] | None = Field(
        default=None,
        max_length=10,
        description="Fama-French factors `mkt_rf`, `smb`, `hml`, `rf` (also `Mkt-RF`, ...), each as long as `dates`.",
    )
    factor_unit: Literal["decimal", "percent"] = Field(
        default="decimal", description="Unit of the factors: `decimal` (0.01 = 1 %) or `percent`."
    )

    def contradiction(self) -> str | None:
        """Return what in the panel does not fit together: dates that do not increase, a series of another length."""
        if any(later <= earlier for earlier, later in pairwise(self.dates)):
            return "The dates of the panel must increase strictly."
        for name, series in {**self.returns, **(self.factors or {})}.items():
            if len(series) != len(self.dates):
                return f"{name!r} has {len(series)} values for {len(self.dates)} dates."
        return None

    def factor_series(self) -> dict[str, list[float | None]]:
        """Return the factors by our names, decimal."""
        scale = 0.01 if self.factor_unit == "percent" else 1.0
        found: dict[str, list[float | None]] = {}
        for name, series in (self.factors or {}).items():
            known = _FACTOR_NAMES.get(re.sub(r"[^a-z]", "", name.lower()))
            if known is not None:
                found[known] = [None if value is None else value * scale for value in series]
        return found


class StudyRequest(ClosedModel):
    """An event study; without a `panel` the returns come from the bars of this service."""

    events: Listed[StudyEvent] = Field(
        min_length=1, max_length=MAX_EVENTS, description="Events to study together, 1 to 1,000."
    )
    benchmark: SeriesName | None = Field(
        default=None, description="Ticker of the market; the configured benchmark when absent."
    )
    model: ModelName = Field(default="market", description="Model of the normal return.")
    estimation: Estimation = Field(
        default_factory=Estimation, description="Window from which the normal return is estimated."
    )
    event_window: tuple[Annotated[int, Field(ge=-250, le=250)], Annotated[int, Field(ge=-250, le=250)]] = Field(
        default=(-1, 1), description="First and last day relative to the event, both included."
    )
    returns: ReturnKind = Field(
        default="simple", description="Kind of return made from bars; a panel is taken as it is."
    )
    tests: Listed[TestName] = Field(
        default_factory=lambda: list(ALL_TESTS), max_length=20, description="Tests to run, at most 20; all when absent."
    )
    variance: VarianceKind = Field(
        default="forecast_error",
        description="`forecast_error`: MacKinlay's, exact for the cumulative return. `residual`: s2 times days. "
        "`residual_population`: the same with s2 over T and df T - 1, to compare with the package `eventstudy`.",
    )
    panel: Panel | None = Field(
        default=None, description="Returns of the caller; those made from stored bars when absent."
    )
    random_state: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of the permutation test.")

    def window(self) -> tuple[int, int]:
        """Return the first and the last day of the event window, in whichever order they were given."""
        one, other = self.event_window
        return min(one, other), max(one, other)
