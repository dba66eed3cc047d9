"""Names are linked to the right security, and everyday words are left alone."""

from datetime import date

import pytest

from nlp.entities.linking import Linker
from nlp.text_analyser import TextAnalyser


@pytest.fixture
def linker(analyser: TextAnalyser) -> Linker:
    return analyser.linker


def tickers(linker: Linker, title: str, given: tuple[str, ...] = (), on: date | None = None) -> set[str]:
    linked = linker.link([("title", title)], given, on)
    return {one.entity.ticker for one in linked if one.entity.ticker and not one.alternatives}


@pytest.mark.parametrize(
    ("title", "ticker"),
    [
        ("Agilent Technologies, Inc. raises guidance", "A"),
        ("AGILENT TECHNOLOGIES REPORTS Q1 RESULTS", "A"),
        ("Agilent's profit beats the street", "A"),
        ("Shares of Apple fall", "AAPL"),
        ("Apple beats expectations", "AAPL"),
        ("Analysts say Apple will buy back stock", "AAPL"),
        ("Target Q4 earnings top estimates", "TGT"),
        ("Ford to recall 100,000 trucks", "F"),
        ("Visa shares rise after results", "V"),
        ("Gap reports weak same-store sales", "GAP"),
        ("J.P. Morgan to pay a fine", "JPM"),
        ("AT&T sells its stake", "T"),
        ("McDonald\u2019s sales grow", "MCD"),
        ("Johnson and Johnson settles a suit", "JNJ"),
        ("Advance Auto cuts jobs", "AAP"),
        ("Aaron's Reports Weak Q2", "AAN"),
    ],
)
def test_a_company_is_linked_by_its_names(linker: Linker, title: str, ticker: str) -> None:
    assert ticker in tickers(linker, title)


@pytest.mark.parametrize(
    "title",
    [
        "A recipe for apple pie",
        "The Big Apple prepares for a storm",
        "Apple Pie Recipes For The Fall",
        "Analysts raise price target on the shares",
        "Visa rules tightened for foreign students",
        "Harrison Ford turns 80",
        "The gap between rich and poor widens",
        "Storm drops a foot of snow on the square",
        "Delta variant spreads",
    ],
)
def test_an_everyday_word_is_no_company(linker: Linker, title: str) -> None:
    assert tickers(linker, title) == set()


def test_a_supplied_ticker_settles_an_everyday_word(linker: Linker) -> None:
    linked = linker.link([("title", "Apple Pie In The Sky?")], ("AAPL",))

    assert [(one.entity.ticker, len(one.mentions)) for one in linked] == [("AAPL", 1)]


def test_an_unknown_cashtag_is_a_company_of_its_own(linker: Linker) -> None:
    assert tickers(linker, "$ZZZQ halted") == {"ZZZQ"}


@pytest.mark.parametrize(
    ("day", "ticker"),
    [(date(2015, 5, 5), "FB"), (date(2022, 6, 9), "META"), (date(2025, 1, 1), "META"), (None, "META")],
)
def test_a_company_answers_by_the_symbol_of_the_day(linker: Linker, day: date | None, ticker: str) -> None:
    assert tickers(linker, "Facebook shares rise", (), day) == {ticker}


def test_a_former_name_without_a_day_keeps_its_symbol(linker: Linker) -> None:
    assert tickers(linker, "AmerisourceBergen raises its dividend") == {"ABC"}
    assert tickers(linker, "Cencora raises its dividend") == {"COR"}
    assert tickers(linker, "AmerisourceBergen raises its dividend", (), date(2024, 1, 1)) == {"COR"}


def test_all_mentions_carry_true_offsets(linker: Linker) -> None:
    fields = [("title", "Nokia wins"), ("body", "The Finnish firm Nokia said Nokia's orders grew.")]
    linked = linker.link(fields)  # type: ignore[arg-type]
    nokia = next(one for one in linked if one.entity.ticker == "NOK")
    texts = dict(fields)

    assert [texts[mention.field][mention.start : mention.end] for mention in nokia.mentions] == ["Nokia"] * 3


def test_places_currencies_commodities_and_indices_are_named(linker: Linker) -> None:
    linked = linker.link([("title", "Gold climbs as the dollar slips, S&P 500 flat, says Powell in Washington")])

    assert {(one.entity.name, one.entity.type) for one in linked} == {
        ("gold", "commodity"),
        ("US dollar", "currency"),
        ("S&P 500", "index"),
        ("Jerome Powell", "person"),
        ("Washington", "place"),
    }


def test_an_exchange_before_a_ticker_is_no_index(analyser: TextAnalyser) -> None:
    def indices(title: str) -> set[str]:
        return {one.entity.name for one in analyser.linker.link([("title", title)]) if one.entity.type == "index"}

    assert indices("Apple (NASDAQ: AAPL) rises") == set()
    assert indices("Nasdaq rises 2%") == {"Nasdaq Composite"}
