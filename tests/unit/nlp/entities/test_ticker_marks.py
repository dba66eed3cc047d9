"""Marked tickers are read in each way in which headlines mark them."""

import pytest

from nlp.entities.ticker_marks import find_ticker_marks

KNOWN = {"AAPL", "A", "NEM", "KGC", "GG", "ABX", "AU", "BRK-B", "CEO"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$AAPL jumps", [("AAPL", None)]),
        ("$aapl jumps", [("AAPL", None)]),
        ("$BRK.B rises", [("BRK-B", None)]),
        ("Apple (NASDAQ: AAPL) rises", [("AAPL", "XNAS")]),
        ("Agilent (NYSE:A) and Apple (Nasdaq: AAPL)", [("A", "XNYS"), ("AAPL", "XNAS")]),
        ("Barrick (TSX: ABX)", [("ABX", "XTSE")]),
        ("Chips (KRX: 000660) and ships (CPH: MAERSK-B)", [("000660", "XKRX"), ("MAERSK-B", "XCSE")]),
        ("Tokyo's (TSE: 6758), Toronto's (TSE: ENB)", [("6758", "XTKS"), ("ENB", "XTSE")]),
        ("A lender (HKG: 5) and (SEHK: 0939)", [("0005", "XHKG"), ("0939", "XHKG")]),
        ("A tech (NSE: HINDUNILVR) and an oil major (LON: BP.)", [("HINDUNILVR", "XNSE"), ("BP", "XLON")]),
        ("Only a bit: BOTH sides of six: NONE agreed", []),
        ("AMR <AMR> sells planes", [("AMR", None)]),
        (
            "Gold stocks (NEM, KGC, GG, ABX, AU)",
            [("NEM", None), ("KGC", None), ("GG", None), ("ABX", None), ("AU", None)],
        ),
        ("It costs $5 (ZZZZ) and the boss (CEO) left", []),
        ("US$AAPL is no cashtag", []),
        ("NYSE: \u0130 and NYSE: \u212a", []),
    ],
)
def test_marks_are_found_with_their_market(text: str, expected: list[tuple[str, str | None]]) -> None:
    marks = find_ticker_marks(text, KNOWN)

    assert [(mark.ticker, mark.mic) for mark in marks] == expected


def test_a_short_symbol_alone_in_brackets_is_uncertain() -> None:
    (mark,) = find_ticker_marks("Going sideways (AU)", KNOWN)

    assert not mark.is_certain


def test_marks_point_at_the_text() -> None:
    text = "Apple (NASDAQ: AAPL) and $NEM"

    assert [text[mark.start : mark.end] for mark in find_ticker_marks(text, KNOWN)] == ["AAPL", "$NEM"]


@pytest.mark.parametrize(
    ("text", "is_certain"),
    [
        ("Data Enabled Targeting, a Great Growth engine (DEG)", True),
        ("The Nice Example Market (NEM) opens", False),
        ("It joins the Kingdom of Good Companies (KGC)", False),
        ("Kinross (KGC) opens a mine", True),
    ],
)
def test_letters_that_abbreviate_what_stands_before_are_an_uncertain_mark(text: str, is_certain: bool) -> None:
    (mark,) = find_ticker_marks(text, {*KNOWN, "DEG"})

    assert mark.is_certain is is_certain


def test_a_ratio_in_brackets_lists_no_tickers() -> None:
    assert find_ticker_marks("Price to earnings (P/E) of 12", {"P", "E"}) == []
    assert len(find_ticker_marks("Miners (P, E) fall", {"P", "E"})) == 2
