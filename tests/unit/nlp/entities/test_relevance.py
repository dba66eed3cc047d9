"""Relevance follows place, repetition and role."""

import pytest

from nlp.entities.relevance import relevances
from nlp.text_analyser import TextAnalyser


def by_ticker(
    analyser: TextAnalyser, title: str, body: str = "", given: tuple[str, ...] = ()
) -> dict[str | None, float]:
    fields = [("title", title), ("body", body)] if body else [("title", title)]
    linked = analyser.linker.link(fields, given)  # type: ignore[arg-type]
    return {one.entity.ticker: value for one, value in zip(linked, relevances(linked, title), strict=True)}


def test_the_subject_of_the_headline_is_most_relevant(analyser: TextAnalyser) -> None:
    found = by_ticker(analyser, "Nokia beats Ericsson to a contract", "Analysts had expected Cisco to win.")

    assert found["NOK"] > found["ERIC"] > found["CSCO"]


@pytest.mark.parametrize(
    "title",
    [
        "Goldman Sachs upgrades Agilent to Buy",
        "Goldman Sachs Has Buy On Agilent Technologies",
        "Goldman Sachs Opens Agilent With Buy",
    ],
)
def test_a_firm_that_rates_another_is_hardly_relevant(analyser: TextAnalyser, title: str) -> None:
    found = by_ticker(analyser, title)

    assert found["A"] > 0.6
    assert found["GS"] < 0.25


def test_a_bank_that_does_a_deal_is_relevant(analyser: TextAnalyser) -> None:
    assert by_ticker(analyser, "Goldman Sachs to acquire GreenSky")["GS"] > 0.8


def test_a_supplied_ticker_that_is_not_named_is_less_relevant(analyser: TextAnalyser) -> None:
    assert by_ticker(analyser, "Morning movers", given=("MSFT",)) == {"MSFT": 0.4}


def test_repetition_adds_up_to_one(analyser: TextAnalyser) -> None:
    found = by_ticker(analyser, "Nokia wins", "Nokia " * 200)

    assert by_ticker(analyser, "Nokia wins")["NOK"] < found["NOK"] <= 1.0
