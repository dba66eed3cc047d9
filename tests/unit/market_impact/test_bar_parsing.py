"""Bars from CSV and JSON."""

from datetime import date

import pytest

from market_impact.prices.bar_parsing import UnreadableBarsError, parse_csv, parse_object, parse_rows

ROW = {"ticker": "ACME", "date": "2025-01-02", "open": 1, "high": 2, "low": 0.5, "close": 1.5, "adjusted_close": 1.4}


def test_csv_with_either_name_of_the_adjusted_close() -> None:
    for name in ("adj_close", "adjusted_close"):
        parsed = parse_csv(f"\ufeffticker,date,open,high,low,close,{name},volume\nACME,2025-01-02,1,2,0.5,1.5,1.4,7\n")

        assert (parsed.bars.ticker, parsed.bars.adjusted_close, parsed.bars.volume) == (["ACME"], [1.4], [7])
        assert parsed.bars.session_date == [date(2025, 1, 2)]


def test_volume_may_be_absent() -> None:
    assert parse_rows([ROW]).bars.volume == [None]
    assert parse_rows([{**ROW, "volume": ""}]).bars.volume == [None]
    assert parse_rows([{**ROW, "volume": "1200.0"}]).bars.volume == [1_200]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ticker": "acme"}, "ticker"),
        ({"ticker": "A\x00"}, "ticker"),
        ({"date": "2025-02-30"}, "day"),
        ({"date": "20250102"}, "date"),
        ({"open": 0}, "open"),
        ({"close": "nan"}, "close"),
        ({"high": "inf"}, "high"),
        ({"high": 0.1}, "high is below low"),
        ({"low": True}, "low"),
        ({"volume": -1}, "volume"),
        ({"volume": 10**30}, "volume"),
        ({"volume": [1]}, "volume"),
        ({"adjusted_close": None}, "adjusted_close"),
    ],
)
def test_a_bad_row_is_reported_and_the_others_are_kept(change: dict[str, object], reason: str) -> None:
    parsed = parse_rows([ROW, {**ROW, "date": "2025-01-03", **change}])

    assert parsed.bars.session_date == [date(2025, 1, 2)]
    assert parsed.n_rejected == 1
    assert parsed.rejected[0][0] == 1
    assert reason in parsed.rejected[0][1]


def test_a_missing_field_and_a_row_that_is_no_object_are_bad_rows() -> None:
    parsed = parse_rows([{"ticker": "ACME"}, 7, None])

    assert next(reason for _, reason in parsed.rejected) == "date is missing"
    assert parsed.n_rejected == 3


def test_of_two_bars_for_one_day_the_last_counts() -> None:
    assert parse_rows([ROW, {**ROW, "close": 1.9}]).bars.close == [1.9]


@pytest.mark.parametrize("price", [1.1e12, 1.7e308])
def test_a_price_that_no_security_has_is_reported(price: float) -> None:
    parsed = parse_rows([ROW, {**ROW, "high": price}])

    assert parsed.rejected == [(1, "high: at most 1e+12")]


@pytest.mark.parametrize("price", [1e-10, 1e-300, 1e-320])
def test_a_price_so_small_that_returns_from_it_overflow_is_reported(price: float) -> None:
    parsed = parse_rows([ROW, {**ROW, "adjusted_close": price}])

    assert parsed.rejected == [(1, "adjusted_close: at least 1e-09")]


@pytest.mark.parametrize("text", ["", "ticker,date\n", "a,b\n1,2\n"])
def test_what_is_no_table_of_bars_is_refused(text: str) -> None:
    with pytest.raises(UnreadableBarsError):
        parse_csv(text)


@pytest.mark.parametrize("body", [None, [], {}, {"bars": 1}])
def test_a_json_body_holds_a_list_of_bars(body: object) -> None:
    with pytest.raises(UnreadableBarsError):
        parse_object(body)
