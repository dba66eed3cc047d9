"""What is stored of estimates for known prices and known past events; as a program, it writes the file."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from common.contracts import Basis
from market_impact.estimation.abnormal_moves import EstimationWindow
from market_impact.estimation.linking import linked_securities
from market_impact.estimation.past_events import NewsKind, PastEvent, PastEvents
from market_impact.estimation.scoring import BASES, ScoringInputs, ScoringParameters, score_links
from market_impact.impacts.document import impact_document
from market_impact.impacts.row import impact_row
from market_impact.prices.market import Market
from market_impact.prices.price_series import PriceSeries
from market_impact.prices.trading_calendar import to_microseconds
from tests.builders.market import analysis, bars, calendar, prices, sessions

STORED = Path(__file__).with_name("stored_estimates.json")
DAYS = sessions(date(2025, 1, 2), date(2025, 12, 31))
NEWS_AT = datetime(DAYS[200].year, DAYS[200].month, DAYS[200].day, 16, tzinfo=UTC)
PARAMETERS = ScoringParameters((1, 3), EstimationWindow(120, 10, 60), 0.9)
NEWS: list[dict[str, Any]] = [
    {"name": "upgrade", "published_at": NEWS_AT},
    {"name": "mixed", "published_at": NEWS_AT + timedelta(hours=9), "score": -0.35, "relevance": 0.6, "novelty": 0.4},
    {"name": "no event", "published_at": NEWS_AT + timedelta(days=2), "score": 0.1, "event_type": None},
    {"name": "move", "published_at": NEWS_AT, "title": "Acme shares fall 7%", "score": -0.9, "tickers": ("ACME",)},
    {"name": "early", "published_at": NEWS_AT - timedelta(days=250), "tickers": ("BETA",)},
    {"name": "unsure", "published_at": NEWS_AT, "abstained": True, "tickers": ("NOBARS",)},
]


def market() -> Market:
    index = bars("GSPC", DAYS, seed=1)
    moves = [0.0, *np.diff(np.log([bar["close"] for bar in index])).tolist()]
    series = {
        ticker: PriceSeries.of(prices(bars(ticker, DAYS, seed=seed, beta=beta, market=moves)), prices(index))
        for ticker, seed, beta in (("ACME", 2, 1.2), ("BETA", 3, 0.8))
    }
    return Market(series, has_benchmark=True)


def past_events() -> PastEvents:
    past = PastEvents()
    generator = np.random.default_rng(4)
    last = to_microseconds(NEWS_AT) - 1
    for number in range(400):
        basis: Basis = BASES[number % 2]
        kind = NewsKind(
            basis,
            (1, 3)[number % 4 // 2],
            ("analyst_upgrade", "none", "earnings_miss")[number % 3],
            ("positive", "negative")[number % 5 % 2],
        )
        effect = float(generator.normal(0.4 if kind.sentiment_label == "positive" else -0.4, 1.2))
        score = float(generator.uniform(-1.0, 1.0))
        ticker = ("ACME", "BETA", "OTHER")[number % 7 % 3]
        past.add(
            PastEvent(UUID(int=number + 1), kind, ticker, number, last - 1_000 * number, score, 0.01 * effect, effect)
        )
    return past


def stored_now() -> dict[str, dict[str, Any]]:
    """Return what would be stored of every estimate, by article, ticker, horizon and basis."""
    found = {}
    links = []
    names = {}
    for item in NEWS:
        news = analysis(**{"tickers": ("ACME", "BETA"), **item})
        names[news.article_id] = item["name"]
        links += linked_securities(news, 0.3)
    for impact in score_links(links, ScoringInputs(market(), past_events(), calendar(), PARAMETERS)):
        impact_id = UUID(int=1)
        document = impact_document(impact, impact_id, NEWS_AT, PARAMETERS.interval_level)
        row = impact_row(impact, impact_id, document, calendar=calendar(), transaction=7, now=NEWS_AT)
        name = names[impact.link.analysis.article_id]
        found[f"{name}/{impact.link.ticker}/{impact.horizon_days}/{impact.basis}"] = {
            **{
                column: value
                for column, value in row._asdict().items()
                if isinstance(value, (bool, int, float)) or value is None or column in {"direction", "event_type"}
            },
            "document": {
                name: value
                for name, value in json.loads(row.document).items()
                # The version would hide, in the difference of the file, which estimates a new one changes.
                if name not in {"context", "lineage", "impact_id", "article_id", "model_version"}
            },
            "explanation": json.loads(row.explanation),
        }
    return found


def as_text(found: dict[str, dict[str, Any]]) -> str:
    """Return the text of the file, one estimate a line, so that a difference names the estimates that changed."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    STORED.write_text(as_text(stored_now()), encoding="utf-8")
