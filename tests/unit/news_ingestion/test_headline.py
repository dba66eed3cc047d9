import pytest

from news_ingestion.articles.headline import read_headline
from news_ingestion.articles.title_marks import without_marks


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("UPDATE 2-Acme profit rises", "Acme profit rises"),
        ("WRAPUP 1-UPDATE 1-Acme profit rises", "Acme profit rises"),
        ("EXCLUSIVE: Acme profit rises", "Acme profit rises"),
        ("GLOBAL MARKETS-Shares slip", "Shares slip"),
        ("Acme profit rises this year - Reuters", "Acme profit rises this year"),
        ("Acme profit rises this year | Bloomberg", "Acme profit rises this year"),
        ("Acme profit rises this year (Reuters)", "Acme profit rises this year"),
        ("Acme profit rises this year --Update", "Acme profit rises this year"),
        ("Acme - Reuters", "Acme - Reuters"),
        ("V-Guard looks promising", "V-Guard looks promising"),
        ("Now, a long-term bet - if you dare", "Now, a long-term bet - if you dare"),
    ],
)
def test_wrapping_of_wires_and_sites_comes_off(title, bare):
    assert without_marks(title) == bare


@pytest.mark.parametrize(
    ("title", "figures"),
    [
        ("Acme pays $2 million", {"2m"}),
        ("Acme pays $2M", {"2m"}),
        ("Acme pays $2.50 bn for 1,250 shops", {"2.5b", "1250"}),
        ("Up 5 per cent, 5 pct, 5.0% and 5 percent", {"5%"}),
        ("First quarter and Q1 results for FY14", {"q1", "fy14"}),
        ("The 3rd of 03", {"3"}),
    ],
)
def test_figures_are_read_with_their_unit(title, figures):
    assert read_headline(title).figures == figures


def test_names_are_known_in_sentence_case_only():
    assert read_headline("Shares of Acme Robotics slip on weak orders").names == {"share", "acme", "robotic"}
    assert read_headline("Shares Of Acme Robotics Slip On Weak Orders").names is None
    assert read_headline("SHARES OF ACME ROBOTICS SLIP").names is None


def test_initials_and_possessives_are_folded():
    assert read_headline("U.S. Steel's plan").words == read_headline("US Steel plans").words


@pytest.mark.parametrize("title", ["Acme to build plant in …", "Acme to build plant in  ..."])
def test_cut_headline_is_recognised(title):
    assert read_headline(title).is_truncated


def test_sector_is_no_pronoun():
    assert "it-sector" in read_headline("Overweight on IT sector").words
    assert "it-sector" not in read_headline("Acme says it will pay").words
