"""Bodies with price bars."""

from datetime import date as Date  # noqa: N812 - `date` is a field of the bodies

from pydantic import BaseModel, Field

from common.contracts.text import Ticker
from market_impact.prices.bar_parsing import LARGEST_PRICE, SMALLEST_PRICE
from market_impact.repository.bars import BarRow


class BarWrite(BaseModel):
    """One security's prices of one session; `adj_close` is read as `adjusted_close`."""

    ticker: Ticker = Field(description="Security, in capital letters.")
    date: Date = Field(description="Session, New York (ISO 8601, YYYY-MM-DD).")
    open: float = Field(ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="First price of the session, split-adjusted.")
    high: float = Field(
        ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="Highest price of the session, split-adjusted."
    )
    low: float = Field(ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="Lowest price of the session, split-adjusted.")
    close: float = Field(ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="Adjusted for splits.")
    adjusted_close: float = Field(ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="Adjusted for splits and dividends.")
    volume: int | None = Field(default=None, ge=0, description="Shares traded, 0 or more; null when unknown.")


class BarRead(BaseModel):
    """A stored bar."""

    ticker: str = Field(description="Security.")
    date: Date = Field(description="Session, New York.")
    open: float = Field(description="First price of the session, above 0, adjusted for splits like `close`.")
    high: float = Field(description="Highest price of the session, above 0.")
    low: float = Field(description="Lowest price of the session, above 0.")
    close: float = Field(description="Last price of the session, above 0, adjusted for splits.")
    adjusted_close: float = Field(description="`close` adjusted for splits and dividends, above 0.")
    volume: int | None = Field(description="Shares traded, from 0; null when unknown.")

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
    """Why one bar was rejected."""

    index: int = Field(description="Row in the request, from 0; the header of a CSV is not counted.")
    detail: str = Field(description="What is wrong with the row.")


class BarsResult(BaseModel):
    """What became of the bars of an upload; the five counts add up."""

    received: int = Field(description="Rows in the upload, 1 to 100,000.")
    inserted: int = Field(description="Rows whose ticker and date were new.")
    updated: int = Field(description="Rows that changed a stored bar.")
    unchanged: int = Field(
        description="Rows that are already stored as they are, or repeated further down in the same upload."
    )
    rejected: int = Field(description="Rows that are not valid bars.")
    errors: list[RejectedBar] = Field(description="The first hundred rejected rows.")
