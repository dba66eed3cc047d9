"""Scoring of linked securities, and that it never sees the future."""

from dataclasses import fields
from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
import pytest
from pydantic_core import to_json

from common.contracts import Analysis, Impact
from market_impact.estimation.abnormal_moves import EstimationWindow
from market_impact.estimation.linking import linked_securities
from market_impact.estimation.past_events import NewsKind, PastEvent, PastEvents
from market_impact.estimation.scoring import ScoredImpact, ScoringInputs, ScoringParameters, score_links
from market_impact.impacts.document import explanation_document, impact_document
from market_impact.impacts.stored import explanation_of
from market_impact.prices.market import Market
from market_impact.prices.price_series import PriceSeries
from market_impact.prices.trading_calendar import to_microseconds
from tests.builders.market import analysis, bars, calendar, prices, sessions

DAYS = sessions(date(2025, 1, 2), date(2025, 12, 31))
PARAMETERS = ScoringParameters((1, 3), EstimationWindow(120, 10, 60), 0.9)
MARKET_BARS = bars("GSPC", DAYS, seed=1)
MARKET_MOVES = [0.0, *np.diff(np.log([bar["close"] for bar in MARKET_BARS])).tolist()]
ACME_BARS = bars("ACME", DAYS, seed=2, beta=1.2, market=MARKET_MOVES)
NEWS_DAY = DAYS[200]
MIDDAY = datetime(NEWS_DAY.year, NEWS_DAY.month, NEWS_DAY.day, 16, tzinfo=UTC)


def market(rows: list[dict[str, object]] = ACME_BARS, benchmark: list[dict[str, object]] = MARKET_BARS) -> Market:
    return Market({"ACME": PriceSeries.of(prices(rows), prices(benchmark))}, has_benchmark=True)


def effect(impact: ScoredImpact) -> float:
    assert impact.estimate is not None
    return impact.estimate.effect


def score(
    news: Analysis, *, against: Market | None = None, past: PastEvents | None = None
) -> dict[tuple[str, int], ScoredImpact]:
    links = linked_securities(news, 0.3)
    found = score_links(links, ScoringInputs(against or market(), past or PastEvents(), calendar(), PARAMETERS))
    return {(impact.basis, impact.horizon_days): impact for impact in found}


def past_upgrades(basis: str, n: int, *, last: int, x: float = 1.5) -> PastEvents:
    past = PastEvents()
    for number in range(n):
        kind = NewsKind(basis, 1, "analyst_upgrade", "positive")  # type: ignore[arg-type]
        past.add(PastEvent(UUID(int=number + 1), kind, "OTHER", number, last - number, 0.8, 0.02, x))
    return past


def returns(rows: list[dict[str, object]]) -> np.ndarray:
    return np.diff(np.log([float(str(row["adjusted_close"])) for row in rows]))


def test_the_reaction_starts_at_the_last_close_before_the_session_of_the_news() -> None:
    found = score(analysis("a", MIDDAY))["reaction", 1]

    y, x = returns(ACME_BARS), returns(MARKET_BARS)
    # Returns lag bars by one: the return of DAYS[200] is at 199; the window ends 11 sessions before.
    window = slice(199 - 10 - 120, 199 - 10)
    slope, intercept = np.polyfit(x[window], y[window], 1)
    assert found.car == pytest.approx(y[199] - intercept - slope * x[199], abs=1e-9)
    assert calendar().date_of(found.session) == NEWS_DAY


def test_after_starts_at_the_first_open_after_the_news() -> None:
    found = score(analysis("a", MIDDAY))["after", 1]

    def legs(rows: list[dict[str, object]]) -> np.ndarray:
        return np.log([float(str(row["close"])) / float(str(row["open"])) for row in rows])

    y, x = legs(ACME_BARS), legs(MARKET_BARS)
    window = slice(201 - 10 - 120, 201 - 10)
    slope, intercept = np.polyfit(x[window], y[window], 1)
    assert calendar().date_of(found.session) == DAYS[201]
    assert found.car == pytest.approx(y[201] - intercept - slope * x[201], abs=1e-9)


def test_a_longer_horizon_adds_sessions() -> None:
    found = score(analysis("a", MIDDAY))

    assert found["reaction", 3].horizon_ends_at == int(calendar().closes[found["reaction", 1].session + 2])
    assert found["reaction", 3].volatility > found["reaction", 1].volatility


def test_prices_from_the_news_on_do_not_change_the_estimate() -> None:
    before = score(analysis("a", MIDDAY))
    changed = [{**bar, "close": 7.0, "open": 3.0, "adjusted_close": 9.0} for bar in ACME_BARS[200:]]
    crashed = [{**bar, "close": 5.0, "open": 3.0, "adjusted_close": 5.0} for bar in MARKET_BARS[200:]]

    after = score(analysis("a", MIDDAY), against=market([*ACME_BARS[:200], *changed], [*MARKET_BARS[:200], *crashed]))

    for key, impact in before.items():
        assert after[key].estimate == impact.estimate
        assert after[key].car != impact.car


def test_outcomes_known_after_the_news_do_not_change_the_estimate() -> None:
    moment = to_microseconds(MIDDAY)
    future = PastEvents()
    for number in range(50):
        kind = NewsKind("reaction", 1, "analyst_upgrade", "positive")
        future.add(PastEvent(UUID(int=number + 1), kind, "ACME", number, moment + number, 0.8, 0.05, 5.0))

    assert (
        score(analysis("a", MIDDAY), past=future)["reaction", 1].estimate
        == score(analysis("a", MIDDAY))["reaction", 1].estimate
    )


def test_past_reactions_raise_the_reaction_and_never_what_comes_after() -> None:
    past = past_upgrades("reaction", 40, last=to_microseconds(MIDDAY) - 1)

    plain, informed = score(analysis("a", MIDDAY)), score(analysis("a", MIDDAY), past=past)

    assert effect(informed["reaction", 1]) > effect(plain["reaction", 1]) + 0.3
    assert informed["after", 1].estimate == plain["after", 1].estimate
    assert informed["reaction", 3].estimate == plain["reaction", 3].estimate


@pytest.mark.parametrize(
    "title",
    [
        "Acme shares are trading higher after the open",
        "Stocks That Hit 52-Week Highs On Friday",
        "Mid-Day Gainers: Acme, Beta",
        "Acme stock falls 7%",
        "Acme up 4% in heavy volume",
    ],
)
def test_news_that_only_reports_a_move_expects_nothing_and_teaches_nothing(title: str) -> None:
    past = past_upgrades("after", 40, last=to_microseconds(MIDDAY) - 1)

    found = score(analysis("a", MIDDAY, title=title), past=past)

    for impact in found.values():
        assert not impact.is_evidence
        assert impact.estimate is not None
        assert impact.estimate.expected_abnormal_return == 0.0


def test_ordinary_news_is_not_taken_for_a_report_of_a_move() -> None:
    for title in ("Acme raises guidance", "Acme upgraded at Example Bank", "Acme to buy Beta for $3 billion"):
        assert score(analysis("a", MIDDAY, title=title))["reaction", 1].is_evidence


def test_it_abstains_and_says_why() -> None:
    short = Market(market(ACME_BARS[150:]).series, has_benchmark=True)
    nothing = Market({}, has_benchmark=True)
    no_benchmark = Market({}, has_benchmark=False)

    assert score(analysis("a", MIDDAY), against=short)["reaction", 1].abstain_reason == "estimation_window_too_short"
    assert score(analysis("a", MIDDAY), against=nothing)["reaction", 1].abstain_reason == "no_price_history"
    assert score(analysis("a", MIDDAY), against=no_benchmark)["reaction", 1].abstain_reason == "no_benchmark_prices"
    assert score(analysis("a", MIDDAY, abstained=True))["after", 1].abstain_reason == "analysis_abstained"
    far = datetime(2150, 1, 1, tzinfo=UTC)
    assert score(analysis("a", far))["reaction", 1].abstain_reason == "outside_trading_calendar"


def test_a_security_is_linked_once_and_only_with_enough_relevance() -> None:
    news = analysis("a", MIDDAY, tickers=("ACME", "ACME", "BETA"))
    news.entities[2].relevance = 0.1

    assert [link.ticker for link in linked_securities(news, 0.3)] == ["ACME"]


def test_documents_fit_the_contract() -> None:
    past = past_upgrades("reaction", 5, last=to_microseconds(MIDDAY) - 1)
    found = [*score(analysis("a", MIDDAY), past=past).values(), *score(analysis("b", MIDDAY, abstained=True)).values()]

    for impact in found:
        text = to_json(impact_document(impact, UUID(int=1), MIDDAY, 0.9))
        read = Impact.model_validate_json(text)
        assert read.model_dump(mode="json").keys() == Impact.model_fields.keys()
        assert read.lineage.impact_id == UUID(int=1)
        assert read.abstained == (impact.estimate is None)
        explanation = explanation_of(to_json(explanation_document(impact)).decode())
        assert set(explanation_document(impact)) == {field.name for field in fields(explanation)}


def test_contributions_add_up_to_the_expectation() -> None:
    past = past_upgrades("reaction", 40, last=to_microseconds(MIDDAY) - 1)

    found = score(analysis("a", MIDDAY), past=past)["reaction", 1].estimate

    assert found is not None
    assert sum(found.parts) == pytest.approx(found.effect)
