"""Bodies with price bars."""

from datetime import date as Date  # noqa: N812 - `date` is a field of the bodies

from pydantic import BaseModel, Field

from common.contracts.text import Ticker
from market_impact.repository.bars import BarRow


class BarWrite(BaseModel):
    """One security's prices of one session; `adj_close` is read as `adjusted_close`."""

    ticker: Ticker
    date: Date
    open: float = Field(gt=0)
    high: float = Field(gt=0)
    low: float = Field(gt=0)
    close: float = Field(gt=0, description="Adjusted for splits.")
    adjusted_close: float = Field(gt=0, description="Adjusted for splits and dividends.")
    volume: int | None = Field(default=None, ge=0)


class BarRead(BaseModel):
    """A stored bar."""

    ticker: str
    date: Date
    open: float
    high: float
    low: float
    close: float
    adjusted_close: float
    volume: int | None

    @classmethod
    def from_row(cls, row: BarRow) -> "BarRead":
        """Return the wire form of a stored bar."""
        return cls(
            ticker=row.ticker,
            date=row.session_date,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            adjusted_close=row.adjusted_close,
            volume=row.volume,
        )


class RejectedBar(BaseModel):
    """Why one bar was not taken."""

    index: int = Field(description="Row in the request, from 0, the header of a CSV not counted.")
    detail: str


class BarsResult(BaseModel):
    """What became of the bars of an upload; the five counts add up."""

    received: int
    inserted: int
    updated: int
    unchanged: int = Field(description="Already here as they are, or given again further down in the same upload.")
    rejected: int
    errors: list[RejectedBar] = Field(description="The first hundred rejected ones.")
