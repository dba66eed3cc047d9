"""Gazetteer and tagger together: true borders, no name inside another, every occurrence."""

import pytest

from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput


def found(analyser: TextAnalyser, title: str, body: str = "") -> dict[str, tuple[str, str | None, list[str]]]:
    (analysis,) = analyser.analyse([TextInput(title, body=body)])
    return {
        entity.name: (entity.type, entity.ticker, [mention.text for mention in entity.mentions])
        for entity in analysis.entities
    }


def test_every_occurrence_of_an_unlisted_name_is_a_mention(analyser: TextAnalyser) -> None:
    body = "Zylotech Systems makes pumps. Analysts like Zylotech Systems and its sales. " * 15

    entities = found(analyser, "Pump makers grow", body)

    (mentions,) = [
        spans for name, (kind, _, spans) in entities.items() if "Zylotech" in name and kind == "organisation"
    ]
    assert len(mentions) == 30


def test_the_mention_of_a_listed_company_takes_in_its_legal_form(analyser: TextAnalyser) -> None:
    kind, ticker, mentions = found(analyser, "Shares of Apple Inc fell in London")["Apple Inc."]

    assert (kind, ticker, mentions) == ("company", "AAPL", ["Apple Inc"])


@pytest.mark.parametrize("text", ["Ford 's profit rose", "Ford\u2019s profit rose", "Ford's profit rose"])
def test_a_possessive_is_no_part_of_the_name(analyser: TextAnalyser, text: str) -> None:
    tickers = {ticker: mentions for _, ticker, mentions in found(analyser, text).values()}

    assert tickers == {"F": ["Ford"]}


@pytest.mark.parametrize(
    ("text", "ticker"),
    [
        ("Actor Harrison Ford visited the museum on Sunday", "F"),
        ("Ivanhoe Mines Announces Financial Results and Review of Operations", "IE"),
        ("Agilent Has Solid Q4, Ups Guidance", "UPS"),
        ("Gryphon Gold Announces Financial Results", "GRYP"),
        ("Trial of the Company's Lead Cancer Drug GAP-107B8", "GAP"),
        ("Pyxis Mobile and Enterprise Mobile Team Up to Deliver Software", "TISI"),
        ("On Monday shares fell, the company said", "MNDY"),
    ],
)
def test_a_company_is_not_seen_inside_another_name(analyser: TextAnalyser, text: str, ticker: str) -> None:
    assert ticker not in {ticker for _, ticker, _ in found(analyser, text).values()}


def test_a_country_inside_the_name_of_an_association_is_not_listed_apart(analyser: TextAnalyser) -> None:
    entities = found(analyser, "The Kenya Association of Manufacturers met ministers.")

    assert {(kind, *mentions) for kind, _, mentions in entities.values()} == {
        ("organisation", "Kenya Association of Manufacturers")
    }


def test_a_surname_alone_is_the_person_named_in_full_before(analyser: TextAnalyser) -> None:
    body = "Chief executive Maria Kowalczyk said profit rose. Mrs. Kowalczyk joined in 2010."

    people = [mentions for kind, _, mentions in found(analyser, "Profit rises", body).values() if kind == "person"]

    assert people == [["Maria Kowalczyk", "Kowalczyk"]]


def test_a_part_of_a_linked_name_is_nobody_else(analyser: TextAnalyser) -> None:
    found = analyser.recogniser.recognise([("title", "Johnson & Johnson to pay $700 million to settle talc claims")])

    assert [one.entity.name for one in found] == ["Johnson & Johnson"]


def test_letters_that_stand_for_a_thing_are_no_organisation(analyser: TextAnalyser) -> None:
    found = analyser.recogniser.recognise([("title", "Palantir hikes annual revenue forecast on AI demand")])

    assert [one.entity.ticker for one in found] == ["PLTR"]


def test_the_ticker_in_brackets_is_a_mention_of_the_company(analyser: TextAnalyser) -> None:
    entities = found(analyser, "Ford Motor (NYSE: F) rises")

    assert [mentions for _, ticker, mentions in entities.values() if ticker == "F"] == [["Ford Motor", "F"]]


@pytest.mark.parametrize(
    ("text", "ticker"),
    [
        ("Visa shares rise after results", "V"),
        ("Meta cuts jobs", "META"),
        ("Shares of Target fell 3% on Monday", "TGT"),
        ("Apple said it would buy back stock", "AAPL"),
        ("Ford to recall 100,000 trucks", "F"),
        ("Gap reports weak sales", "GAP"),
    ],
)
def test_a_common_word_with_a_sign_beside_it_is_the_company(analyser: TextAnalyser, text: str, ticker: str) -> None:
    assert ticker in {ticker for _, ticker, _ in found(analyser, text).values()}


@pytest.mark.parametrize(
    "text",
    [
        "Apple is a popular fruit in autumn",
        "He applied for a visa at the embassy in Paris",
        "Gerald Ford was president of the United States",
        "The target was missed",
        "The gap between rich and poor widens",
    ],
)
def test_a_common_word_without_a_sign_gets_no_ticker(analyser: TextAnalyser, text: str) -> None:
    assert {ticker for _, ticker, _ in found(analyser, text).values()} <= {None}
