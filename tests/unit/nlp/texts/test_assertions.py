"""A hedge reaches to the end of its clause, a rumour over its whole sentence; denials negate what they deny."""

import pytest

from nlp.texts.assertions import Assertion, Assertions, hedged_positions
from nlp.texts.tokens import forms


def of(text: str, part: str) -> Assertion:
    start = text.index(part)
    return Assertions(text).of(start, start + len(part))


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("apple may buy tesla", "buy tesla"),
        ("apple may buy tesla , shares rise", "buy tesla"),
        ("shares rise as apple could buy tesla", "buy tesla"),
        ("apple reportedly buys tesla ; ford falls", "apple reportedly buys tesla ;"),
        ("will apple buy tesla ?", "will apple buy tesla ?"),
        ("apple is in talks to buy tesla", "to buy tesla"),
        ("apple buys tesla", ""),
        ("apple sales in may fell", ""),
        ("apple reports may sales", ""),
        ("earnings due may 12", ""),
    ],
)
def test_the_scope_of_a_hedge(text: str, hedged: str) -> None:
    found = forms(text)

    assert [found[index] for index in sorted(hedged_positions(found))] == hedged.split()


def test_a_hedge_reaches_ten_forms_at_most() -> None:
    found = hedged_positions(["could", *"abcdefghijkl"])

    assert found == frozenset(range(1, 11))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("no plans to buy back shares", "buy back"),
        ("target denies takeover talks", "takeover talks"),
        ("company rules out a merger", "merger"),
        ("ford calls off merger with chrysler", "merger"),
        ("board declined to raise the dividend", "raise the dividend"),
        ("acme scraps merger with widget", "merger"),
        ("acme pauses buybacks", "buybacks"),
        ("acme postpones ipo", "ipo"),
        ("acme and its pilots avert strike", "strike"),
        ("acme terminates merger agreement", "merger"),
    ],
)
def test_what_is_denied_is_negated(text: str, part: str) -> None:
    assert of(text, part).negated


def test_what_stands_before_a_denial_is_not_negated() -> None:
    assert not of("profit rises but no dividend", "profit rises").negated


def test_a_plain_text_is_neither() -> None:
    assert of("apple buys tesla", "buys") == Assertion(negated=False, hedged=False)


def test_a_denial_by_nature_is_judged_by_its_first_word() -> None:
    text = "drug fails to meet endpoint"

    assert Assertions(text).of(5, len(text)).negated
    assert not Assertions(text).of(5, len(text), by_head=True).negated
