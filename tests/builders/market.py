"""Small, made-up prices and analyses for the tests of market impact."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from common.contracts import Analysis
from market_impact.prices.price_series import DailyPrices
from market_impact.prices.trading_calendar import TradingCalendar, to_day_number, trading_calendar

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
_NAMESPACE = UUID("5f0c0b7e-0000-7000-8000-000000000000")


def calendar() -> TradingCalendar:
    """Return the sessions of New York up to 2027."""
    return trading_calendar(NOW)


def sessions(first: date, last: date) -> list[date]:
    """Return the trading days between two dates, both included."""
    known = calendar()
    start, stop = known.on_or_after(np.array([(d - date(1970, 1, 1)).days for d in (first, last + timedelta(days=1))]))
    return [known.date_of(int(session)) for session in range(start, stop)]


def bars(
    ticker: str, days: list[date], *, seed: int, beta: float = 0.0, market: list[float] | None = None
) -> list[dict[str, Any]]:
    """Return a random walk of daily bars that follows `market` (log returns) with `beta`; opens are last closes."""
    generator = np.random.default_rng(seed)
    own = generator.normal(0.0, 0.01, len(days))
    moves = own if market is None else own + beta * np.array(market)
    closes = 100.0 * np.exp(np.cumsum(moves))
    opens = np.concatenate([[100.0], closes[:-1]]) * np.exp(generator.normal(0.0, 0.002, len(days)))
    return [
        {
            "ticker": ticker,
            "date": day.isoformat(),
            "open": round(float(open_), 6),
            "high": round(float(max(open_, close)) * 1.001, 6),
            "low": round(float(min(open_, close)) * 0.999, 6),
            "close": round(float(close), 6),
            "adjusted_close": round(float(close), 6),
            "volume": 1_000_000,
        }
        for day, open_, close in zip(days, opens, closes, strict=True)
    ]


def prices(rows: list[dict[str, Any]]) -> DailyPrices:
    """Return `bars` as the prices of a security."""
    positions = calendar().positions(np.array([to_day_number(date.fromisoformat(row["date"])) for row in rows]))
    columns = [np.array([row[name] for row in rows], dtype=float) for name in ("open", "close", "adjusted_close")]
    found = DailyPrices.of(positions, *columns)
    assert found is not None
    return found


def sentiment(score: float) -> dict[str, Any]:
    """Return a sentiment whose probabilities give `score`."""
    label = "positive" if score > 0.2 else "negative" if score < -0.2 else "neutral"
    return {
        "label": label,
        "score": score,
        "positive": max(score, 0.0),
        "neutral": 1.0 - abs(score),
        "negative": max(-score, 0.0),
    }


def analysis_body(
    name: str,
    published_at: datetime,
    *,
    tickers: tuple[str, ...] = ("ACME",),
    score: float = 0.8,
    event_type: str | None = "analyst_upgrade",
    title: str = "Acme upgraded at Example Bank",
    relevance: float = 1.0,
    **changes: Any,
) -> dict[str, Any]:
    """Return the JSON of an analysis; the same `name` is the same article."""
    article_id = uuid5(_NAMESPACE, name)
    body: dict[str, Any] = {
        "analysis_id": str(uuid5(_NAMESPACE, f"analysis {name} {changes.get('revision', 1)}")),
        "article_id": str(article_id),
        "revision": 1,
        "title": title,
        "url": f"https://example.com/{name.replace(' ', '-')}",
        "source_name": "Example Wire",
        "language": "en",
        "sentiment": sentiment(score),
        "entities": [
            {
                "name": f"{ticker} Inc",
                "type": "company",
                "ticker": ticker,
                "mic": "XNYS",
                "relevance": relevance,
                "sentiment": sentiment(score),
            }
            for ticker in tickers
        ],
        "topics": [{"topic": "analyst_ratings", "score": 0.9}],
        "events": [{"type": event_type, "score": 0.9}] if event_type else [],
        "novelty": 1.0,
        "model_versions": {"sentiment": "test"},
        "lineage": {
            "article_id": str(article_id),
            "story_id": str(uuid5(_NAMESPACE, f"story {name}")),
            "analysis_id": str(uuid5(_NAMESPACE, f"analysis {name}")),
            "published_at": published_at.isoformat(),
            "received_at": published_at.isoformat(),
            "analysed_at": published_at.isoformat(),
        },
    }
    return body | changes


def analysis(name: str, published_at: datetime, **options: Any) -> Analysis:
    """Return `analysis_body` as the contract."""
    return Analysis.model_validate(analysis_body(name, published_at, **options))
