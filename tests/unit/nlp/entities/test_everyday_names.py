"""Names that are everyday words are linked where the text speaks of the company, and reported where that is unsure."""

import pytest

from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput

NAMES = {"Alphabet": "GOOGL", "Target": "TGT", "Visa": "V", "Block": "XYZ", "Gap": "GAP"}


def tickers_of(analyser: TextAnalyser, title: str) -> set[str]:
    return {one.entity.ticker or "" for one in analyser.recogniser.recognise([("title", title)])}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "template",
    [
        "{} reports record revenue",
        "{} Reports Record Revenue",
        "{}'s new CEO faces a tough market",
        "{} in talks to buy rival",
        "{} loses antitrust case",
        "{} considers spinning off a unit",
        "{} at 52-week high",
        "{} to cut 1,000 jobs",
        "Citi cuts {} to Sell",
        "Investors flee {} after profit warning",
        "Shares in {} rose 3%",
        "Retail Giant {} Warns On Tariffs",
        "Costco, {} and Microsoft report this week",
        "{} and Costco sign deal",
        "{}, Costco among top gainers",
    ],
)
def test_what_companies_do_makes_an_everyday_word_a_company(analyser: TextAnalyser, template: str, name: str) -> None:
    assert NAMES[name] in tickers_of(analyser, template.format(name))


@pytest.mark.parametrize(
    "title",
    [
        "Gap between rich and poor widens",
        "Citi cuts target to $40",
        "Jefferies starts AutoZone at Buy, $215 Target, Costco preferred",
        "US tightens visa rules for students",
        "Block trade in shares pushes market down",
        "Alphabet soup of agencies reports progress",
        "Costco, bullish on growth, opens stores",
        "The company missed its profit target",
        "Costco and its partners block off a street",
    ],
)
def test_an_everyday_word_alone_is_no_company(analyser: TextAnalyser, title: str) -> None:
    assert tickers_of(analyser, title).isdisjoint(NAMES.values())


def test_an_everyday_name_with_no_sign_beside_it_lists_the_company_that_it_may_be(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Alphabet soup of agencies reports progress")])

    (entity,) = [one for one in analysis.entities if one.name == "Alphabet"]

    assert (entity.type, entity.ticker) == ("organisation", None)
    assert [one.ticker for one in entity.meanings] == ["GOOGL"]
