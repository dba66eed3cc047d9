"""A name alone is resolved, or reported as ambiguous."""

import pytest

from nlp.entities.gazetteer import AliasKind, Candidate, Gazetteer, KnownEntity
from nlp.entities.resolution import resolve
from nlp.text_analyser import TextAnalyser


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("Agilent Technologies, Inc.", "A"),
        ("agilent", "A"),
        ("The Walt Disney Company", "DIS"),
        ("$AAPL", "AAPL"),
        ("Google", "GOOGL"),
    ],
)
def test_a_clear_name_has_one_meaning(analyser: TextAnalyser, name: str, ticker: str) -> None:
    found = resolve(analyser.gazetteer, name)

    assert not found.is_ambiguous
    assert found.candidates[0].entity.ticker == ticker


def test_an_everyday_word_is_ambiguous(analyser: TextAnalyser) -> None:
    found = resolve(analyser.gazetteer, "Target")

    assert found.is_ambiguous
    assert found.candidates[0].entity.ticker == "TGT"


def test_two_companies_of_like_size_with_one_name_are_ambiguous() -> None:
    one = KnownEntity("a", "Acme Steel", "company", "ACM", rank=100)
    other = KnownEntity("b", "Acme Steel", "company", "ACS", rank=120)
    meanings = (Candidate(one, AliasKind.STRONG), Candidate(other, AliasKind.STRONG))
    gazetteer = Gazetteer([one, other], {"acme steel": meanings}, {})

    found = resolve(gazetteer, "Acme Steel")

    assert found.is_ambiguous
    assert {candidate.entity.ticker for candidate in found.candidates} == {"ACM", "ACS"}


def test_an_unknown_name_has_no_meaning(analyser: TextAnalyser) -> None:
    assert resolve(analyser.gazetteer, "Nobody Knows Industries").candidates == ()
