"""Registered names become the names that headlines use."""

import pytest

from nlp.training.entities.company_names import display_name, short_form, spellings, without_legal_form


@pytest.mark.parametrize(
    ("registered", "bare"),
    [
        ("AGILENT TECHNOLOGIES, INC.", "AGILENT TECHNOLOGIES"),
        ("DANAHER CORP /DE/", "DANAHER"),
        ("Anheuser-Busch InBev SA/NV", "Anheuser-Busch InBev"),
        ("Coca-Cola Company (The)", "Coca-Cola"),
        ("ELI LILLY & Co", "ELI LILLY"),
        ("Saputo Inc./ADR", "Saputo"),
        ("COMPAGNIE FINANCIERE RICHEMONT AG /FI", "COMPAGNIE FINANCIERE RICHEMONT"),
        ("Inc", "Inc"),
    ],
)
def test_legal_forms_are_dropped(registered: str, bare: str) -> None:
    assert without_legal_form(registered) == bare


def test_generic_last_words_are_dropped() -> None:
    assert short_form("Agilent Technologies") == "Agilent"
    assert short_form("Procter & Gamble") is None
    assert short_form("Apple") is None


def test_capitals_are_made_readable() -> None:
    assert display_name("MICROSOFT CORP") == "Microsoft Corp"
    assert display_name("Apple Inc.") == "Apple Inc."


def test_an_alias_is_met_in_several_spellings() -> None:
    assert spellings("Johnson & Johnson") == {"johnson & johnson", "johnson and johnson", "johnson&johnson"}
    assert spellings("Amazon.com") == {"amazon.com", "amazon"}
    assert "jp morgan" in spellings("J.P. Morgan")
    assert {"a. b. mole", "a.b. mole", "ab mole"} <= spellings("A. B. Mole")
    assert "mole-hill" in spellings("Mole\u2013Hill")
