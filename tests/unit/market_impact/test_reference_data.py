"""The battery against published and peer-computed results; skipped where the reference data are absent."""

import csv
import gzip
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from market_impact.event_studies.abnormal_returns import AbnormalReturns, StudyWindows, measure_events
from market_impact.event_studies.event_study import EventStudy, run_event_study
from market_impact.event_studies.nonparametric_tests import generalised_sign_test, sign_test, wilcoxon_test
from market_impact.event_studies.normal_returns import ModelName, ReturnPanel, normal_return_model
from market_impact.event_studies.parametric_tests import boehmer_musumeci_poulsen, cross_sectional_t, patell_z
from market_impact.prices.market_model import PairSums, fit_market_models
from market_impact.prices.returns import returns_from_prices
from market_impact.prices.trading_calendar import to_day_number, to_microseconds
from tests.builders.market import calendar

MODELS: dict[str, ModelName] = {
    "market_model": "market",
    "FamaFrench_3factor": "fama_french_3",
    "constant_mean": "constant_mean",
}


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    header, *rows = csv.reader(text.splitlines())
    return header, rows


def numbers(rows: list[list[str]]) -> np.ndarray:
    return np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])


@pytest.fixture(scope="module")
def gafam(shared_data: Path) -> ReturnPanel:
    """Returns of five shares and SPY with the Fama-French factors."""
    header, rows = table(shared_data / "event_study" / "returns_gafam_spy.csv")
    days = np.array([to_day_number(date.fromisoformat(row[0])) for row in rows])
    returns = numbers([row[1:] for row in rows])
    _, factor_rows = table(shared_data / "event_study" / "famafrench_daily_pct.csv")
    by_day = {to_day_number(datetime.strptime(row[0], "%Y%m%d").date()): row[1:] for row in factor_rows}  # noqa: DTZ007
    factors = numbers([by_day.get(int(day), [""] * 4) for day in days]) / 100.0
    tickers = tuple(header[1:])
    return ReturnPanel(days, tickers, returns, returns[:, tickers.index("SPY")], factors[:, :3], factors[:, 3])


def measure(data: ReturnPanel, ticker: str, day: date, model: ModelName, windows: StudyWindows) -> AbnormalReturns:
    position = np.searchsorted(data.days, [to_day_number(day)])
    chosen = normal_return_model(model, data)
    return measure_events(data, chosen, np.array([data.tickers.index(ticker)]), position, windows)


def test_single_events_agree_with_the_package_eventstudy(shared_data: Path, gafam: ReturnPanel) -> None:
    folder = shared_data / "event_study"
    header, rows = table(folder / "events.csv")
    events = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    windows = StudyWindows(-5, 10, 200, 30, variance="residual_population")

    for line in (folder / "expected_single_events.jsonl").read_text().splitlines():
        expected: dict[str, Any] = json.loads(line)
        event = events[expected["event_id"]]
        day = date.fromisoformat(event["event_date"])
        found = measure(gafam, event["security_ticker"], day, MODELS[expected["model"]], windows)

        assert np.allclose(found.abnormal[0], expected["AR"], rtol=0, atol=1e-12)
        assert np.allclose(found.cumulative[0], expected["CAR"], rtol=0, atol=1e-12)
        # Its constant-mean model takes the residuals of the event window for estimation ones.
        if expected["model"] != "constant_mean":
            assert np.allclose(np.sqrt(found.cumulative_variance[0]), expected["se_CAR"], rtol=0, atol=1e-12)
            assert found.t_stat()[0] == pytest.approx(expected["t_CAR"][-1], rel=1e-9)
            assert found.p_value()[0] == pytest.approx(expected["p_two_sided"][-1], rel=1e-8)


def test_the_fast_path_agrees_to_ten_digits(gafam: ReturnPanel) -> None:
    assert gafam.benchmark is not None
    column = gafam.tickers.index("AAPL")
    positions = np.arange(400, 4_900, 37)
    windows = StudyWindows(-5, 10, 200, 30)
    model = normal_return_model("market", gafam)
    slow = measure_events(gafam, model, np.full(len(positions), column), positions, windows)
    sums = PairSums.of(gafam.returns[:, column], gafam.benchmark)

    fit = fit_market_models(sums.windows(positions - 235, positions - 35))
    car, variance = fit.abnormal_return(sums.windows(positions - 5, positions + 11))

    assert np.nanmax(np.abs(car - slow.car)) < 1e-10
    assert np.nanmax(np.abs(np.sqrt(variance) - slow.car_standard_error)) < 1e-10


def test_the_averages_of_aapl_agree(shared_data: Path, gafam: ReturnPanel) -> None:
    folder = shared_data / "event_study"
    _, rows = table(folder / "events.csv")
    dates = {row[0]: date.fromisoformat(row[3]) for row in rows}
    for expected in json.loads((folder / "expected_aggregate_aapl_10k.json").read_text()):
        days = [to_day_number(dates[name]) for name in expected["events"]]
        tickers = np.full(len(days), gafam.tickers.index("AAPL"))
        windows = StudyWindows(-5, 10, 200, 30)

        found = run_event_study(
            gafam, MODELS[expected["model"]], tickers, np.searchsorted(gafam.days, days), windows, tests=["sign"]
        )

        assert found.n_usable == expected["n"]
        assert np.allclose(found.aar, expected["AAR"], atol=1e-12)
        assert np.allclose(found.caar, expected["CAAR"], atol=1e-12)


def test_the_published_iphone_day_is_reproduced(gafam: ReturnPanel) -> None:
    windows = StudyWindows(-2, 10, 300, 30, variance="residual_population")

    found = measure(gafam, "AAPL", date(2007, 1, 9), "market", windows)

    t_stats = found.cumulative[0] / np.sqrt(found.cumulative_variance[0])
    assert found.abnormal[0][2] == pytest.approx(0.083, abs=5e-4)
    assert np.sqrt(found.variance[0][2]) == pytest.approx(0.02245, abs=5e-6)
    assert found.cumulative[0][[2, 3, 12]] == pytest.approx([0.083, 0.125, -0.023], abs=5e-4)
    assert t_stats[[2, 3, 12]] == pytest.approx([2.14, 2.78, -0.28], abs=5e-3)


def test_the_tests_of_estudy2_are_reproduced(shared_data: Path) -> None:
    folder = shared_data / "event_study"
    header, rows = table(folder / "estudy2_prices_close.csv")
    days = np.array([to_day_number(date.fromisoformat(row[0])) for row in rows])
    returns = returns_from_prices(numbers([row[1:] for row in rows]), "log")
    market = returns[:, 0]
    data = ReturnPanel(days, tuple(header[1:]), returns, market)
    zero = int(np.searchsorted(days, to_day_number(date(2020, 3, 16))))
    found = measure_events(
        data, normal_return_model("market", data), np.arange(1, 8), np.full(7, zero), StudyWindows(0, 2, zero, 0)
    )
    # Its conventions: residual deviation over T - 1, and the market's moments over the whole estimation period.
    deviation = np.nanstd(found.residuals, axis=1, ddof=1)
    spread = market[1:zero] - market[1:zero].mean()
    positive = np.nanmean(np.where(np.isfinite(found.residuals), found.residuals > 0, np.nan))
    names, parametric = table(folder / "estudy2_expected_parametric.csv")
    other_names, nonparametric = table(folder / "estudy2_expected_nonparametric.csv")

    for day in range(3):
        expected = dict(zip(names, parametric[day], strict=True)) | dict(
            zip(other_names, nonparametric[day], strict=True)
        )
        values = found.abnormal[:, day]
        lever = (market[zero + day] - market[1:zero].mean()) ** 2 / (spread @ spread)
        standardised = values / (deviation * np.sqrt(1 + 1 / found.n_estimation_days + lever))
        results = {
            "mean": values.mean(),
            "t_test_stat": cross_sectional_t(values).statistic,
            "pt_stat": patell_z(standardised, found.degrees_of_freedom).statistic,
            "bh_stat": boehmer_musumeci_poulsen(standardised).statistic,
            "sign_stat": sign_test(values).statistic,
            "gsign_stat": generalised_sign_test(values, float(positive)).statistic,
            "wlcx_stat": wilcoxon_test(values).statistic,
        }
        for name, result in results.items():
            assert result == pytest.approx(float(expected[name]), rel=2e-6, abs=2e-7), (day, name)


@pytest.fixture(scope="module")
def market_panel(shared_data: Path) -> ReturnPanel:
    """Log returns of twenty shares and the index on the sessions of New York, 2008 to 2017."""
    known = calendar()
    first, last = (int(known.on_or_after(np.array([to_day_number(date(year, 1, 1))]))[0]) for year in (2008, 2018))
    rows = [
        row for name in ("prices_daily.csv.gz", "index_daily.csv") for row in table(shared_data / "market" / name)[1]
    ]
    tickers = sorted({row[0] for row in rows})
    column = {ticker: index for index, ticker in enumerate(tickers)}
    positions = known.positions(np.array([to_day_number(date.fromisoformat(row[1])) for row in rows]))
    assert (positions >= 0).all()
    prices = np.full((last - first, len(tickers)), np.nan)
    prices[positions - first, [column[row[0]] for row in rows]] = [float(row[6]) for row in rows]
    returns = returns_from_prices(prices, "log")
    return ReturnPanel(known.days[first:last], tuple(tickers), returns, returns[:, column["GSPC"]])


@pytest.mark.parametrize(
    ("pattern", "n", "mean", "t_stat", "positive"),
    [
        (r"\bupgrade[sd]\b", 154, 0.023, 3.4, 0.77),
        (r"\bdowngrades?\b", 159, -0.019, -2.7, 0.33),
        (r"\braises pt\b", 112, 0.012, None, None),
        (r"\blowers pt\b", 65, -0.016, None, None),
    ],
)
def test_analysts_words_move_prices_on_their_day_and_not_after(
    shared_data: Path,
    market_panel: ReturnPanel,
    pattern: str,
    n: int,
    mean: float,
    t_stat: float | None,
    positive: float | None,
) -> None:
    study = _study_of(shared_data / "market" / "headlines.csv.gz", market_panel, pattern)

    reaction = study.events.abnormal[study.events.usable, 0]
    # Titles are counted by our own pattern: a few more or fewer than the reference counted.
    assert abs(study.n_usable - n) <= 6
    assert study.aar[0] == pytest.approx(mean, abs=0.001)
    assert abs(study.aar[1]) < 0.005
    if t_stat is not None:
        assert study.tests[0].by_day[0].statistic == pytest.approx(t_stat, abs=0.1)
        assert (reaction > 0).mean() == pytest.approx(positive, abs=0.01)


def _study_of(headlines: Path, data: ReturnPanel, pattern: str) -> EventStudy:
    known = calendar()
    first = int(known.on_or_after(data.days[:1])[0])
    seen = set()
    for _, published_at, ticker, title, has_prices in table(headlines)[1]:
        if has_prices == "1" and re.search(pattern, title, re.IGNORECASE):
            moment = np.array([to_microseconds(datetime.fromisoformat(published_at))])
            seen.add((ticker, int(known.session_of(moment)[0]) - first))
    tickers = np.array([data.tickers.index(ticker) for ticker, _ in seen])
    positions = np.array([position for _, position in seen])
    windows = StudyWindows(first=0, last=1, estimation_length=120, estimation_gap=10)
    return run_event_study(data, "market", tickers, positions, windows, tests=["cross_sectional_t"])
